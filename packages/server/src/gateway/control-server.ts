import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { PredictResult } from '@trivium/contract'
import { AppError } from '../kernel/errors/index.ts'
import { newId } from '../kernel/ids/new-id.ts'
import type { Logger } from '../kernel/logging/index.ts'
import type { GatewayStatus, PrepareRequest, TryRequest } from '../kernel/ports/gateway.ts'
import type { Deployments } from './deployments.ts'
import { readEventTime } from './event-time.ts'
import { problemAnswer, resultOf } from './plain-protocol.ts'
import { predict, type PredictDeps } from './predict.ts'
import { predictErrors } from './gateway-errors.ts'
import { readBody } from './read-body.ts'
import type { WireAnswer } from './wire-protocol.ts'

export interface ControlDeps extends PredictDeps {
  readonly deployments: Deployments
  readonly secret: string
  readonly program: string
  readonly logger: Logger
  /** Takes the roots of the keys of people, by project. */
  readonly setRoots: (roots: Readonly<Record<string, string>>) => void
  /** Reads the snapshot file now. */
  readonly sync: () => Promise<void>
  readonly stop: () => void
}

type Handler = (body: unknown) => Promise<unknown>

/** What servers on other machines may ask, below the inference port: nothing of it changes anything. It wants the same secret. */
export function answerPeer(deps: ControlDeps, request: IncomingMessage): Promise<WireAnswer> {
  return answer(deps, readHandlers(deps), request, (request.url ?? '').slice('/.control'.length))
}

function readHandlers(deps: ControlDeps): Record<string, Handler> {
  return {
    'GET /status': async () => statusOf(deps),
    'POST /try': (body) => tryOut(deps, body as TryRequest),
    'GET /callers': async () => deps.deployments.callers(),
    'POST /traffic': async (body) => {
      const { minutes, deployments } = body as { minutes: number; deployments: { project: string; name: string }[] }
      return deployments.map(
        ({ project, name }) => deps.deployments.traffic(project, name)?.read(deps.clock(), minutes) ?? null,
      )
    },
  }
}

/** The loopback endpoint through which main commands the gateway; it wants the secret of the control file. */
export function createControlServer(deps: ControlDeps): Server {
  const handlers: Record<string, Handler> = {
    ...readHandlers(deps),
    'POST /sync': async (body) => {
      const { roots } = (body ?? {}) as { roots?: Readonly<Record<string, string>> }
      if (roots) deps.setRoots(roots)
      await deps.sync()
      return statusOf(deps)
    },
    'POST /prepare': async (body) => {
      const { project, release } = body as PrepareRequest
      await deps.deployments.prepare(project, release)
      return {}
    },
    'POST /stop': async () => {
      setImmediate(deps.stop)
      return {}
    },
  }
  return createServer((request, response) => {
    void answer(deps, handlers, request, request.url ?? '').then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
      response.end(body)
    })
  })
}

async function answer(
  { secret, logger }: ControlDeps,
  handlers: Record<string, Handler>,
  request: IncomingMessage,
  path: string,
) {
  const id = newId('req')
  try {
    const sent = Buffer.from(request.headers['x-gateway-secret']?.toString() ?? '')
    const wanted = Buffer.from(secret)
    if (sent.length !== wanted.length || !timingSafeEqual(sent, wanted))
      throw predictErrors.ROUTE_NOT_FOUND(request.method ?? '', request.url ?? '')
    const handler = handlers[`${request.method} ${path}`]
    if (!handler) throw predictErrors.ROUTE_NOT_FOUND(request.method ?? '', request.url ?? '')
    const body = await readBody(request)
    const result = await handler(body.length > 0 ? JSON.parse(body.toString()) : undefined)
    return { status: 200, type: 'application/json', body: JSON.stringify(result) }
  } catch (error) {
    if (!(error instanceof AppError)) logger.error({ err: error, url: request.url }, 'control request failed')
    return problemAnswer(
      error instanceof AppError
        ? error
        : new AppError('INTERNAL', 500, error instanceof Error ? error.message : String(error)),
      { id },
    )
  }
}

const statusOf = ({ deployments, program }: ControlDeps): GatewayStatus => ({
  pid: process.pid,
  program,
  snapshotVersion: deployments.version(),
  deployments: deployments.status(),
})

async function tryOut(
  deps: ControlDeps,
  { project, deployment: name, inputs, eventTime }: TryRequest,
): Promise<PredictResult & { latencyMicros: number }> {
  const deployment = deps.deployments.require(project, name)
  const now = deps.clock()
  const columns = new Map(
    Object.entries(inputs).map(([field, value]) => [
      field,
      Array.isArray(value) ? (value.flat(Number.POSITIVE_INFINITY) as unknown[]) : [value],
    ]),
  )
  const rows = { count: 1, columns, eventTimes: [eventTime === undefined ? now : readEventTime(eventTime, now)] }
  const answered = await predict(deps, deployment, rows, {
    startedAt: performance.now(),
    request: newId('req'),
    dryRun: true,
  })
  return { ...resultOf(answered), latencyMicros: answered.latencyMicros }
}
