import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { AppError, isTooDeep } from '../kernel/errors/index.ts'
import { newId } from '../kernel/ids/new-id.ts'
import { dropRest } from '../kernel/http/drop-rest.ts'
import { readTls, type TlsFiles } from '../kernel/http/tls-files.ts'
import type { Logger } from '../kernel/logging/index.ts'
import { readTraceparent } from '../kernel/telemetry/span-context.ts'
import type { Tracer } from '../kernel/telemetry/tracer.ts'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import { authenticate } from './authenticate.ts'
import { type Deployments, type LiveDeployment, requireVersion } from './deployments.ts'
import { predictErrors } from './gateway-errors.ts'
import { predict, type PredictDeps } from './predict.ts'
import type { RateLimiter } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import type { PredictRoute, WireAnswer, WireProtocol } from './wire-protocol.ts'

export interface InferenceDeps extends PredictDeps {
  readonly deployments: Deployments
  readonly limiter: RateLimiter
  /** In the order in which they are asked; the last one speaks for paths that are nobody's. */
  readonly protocols: readonly WireProtocol[]
  readonly logger: Logger
  /** Answers another server of the installation. */
  readonly answerPeer: (request: IncomingMessage) => Promise<WireAnswer>
  readonly tls: TlsFiles | undefined
  readonly tracer: Tracer
}

export interface InferenceServer {
  readonly server: Server | HttpsServer
  /** The same without TLS, where the other one has it; for main on this machine. */
  readonly plain: Server | undefined
  /** Takes no new requests and resolves when the running ones are answered. */
  drain(): Promise<void>
}

/** The gateway's own HTTP server: plain node:http, since framework and routing cost more than a small model. */
export function createInferenceServer(deps: InferenceDeps): InferenceServer {
  let running = 0
  let draining = false
  let whenIdle = (): void => {}
  const options = { keepAliveTimeout: 75_000, requestTimeout: 60_000 }
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    running += 1
    void (request.url?.startsWith('/.control/') ? deps.answerPeer(request) : traced(deps, request, draining))
      .then(async (wire) => {
        // Whoever wants the connection closed loses the answer when it closes while he still sends.
        if (!request.complete && !response.shouldKeepAlive) await dropRest(request)
        send(response, wire, draining)
        if (!request.complete) await dropRest(request)
      })
      .finally(() => {
        running -= 1
        if (running === 0) whenIdle()
      })
  }
  const server = deps.tls
    ? createHttpsServer({ ...options, ...readTls(deps.tls) }, serve)
    : createServer(options, serve)
  const plain = deps.tls ? createServer(options, serve) : undefined
  const servers = plain ? [server, plain] : [server]
  return {
    server,
    plain,
    drain: async () => {
      draining = true
      const closed = Promise.all(servers.map((one) => new Promise<void>((resolve) => one.close(() => resolve()))))
      for (const one of servers) one.closeIdleConnections()
      await new Promise<void>((resolve) => {
        whenIdle = resolve
        if (running === 0) resolve()
      })
      for (const one of servers) one.closeIdleConnections()
      const force = setTimeout(() => {
        for (const one of servers) one.closeAllConnections()
      }, 1000)
      await closed
      clearTimeout(force)
    },
  }
}

function send(response: ServerResponse, { status, type, body, headers }: WireAnswer, last: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(last ? { connection: 'close' } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="trivium"' } : {}),
  })
  response.end(body)
}

/** The answer, as a span where tracing is on. */
function traced(deps: InferenceDeps, request: IncomingMessage, draining: boolean): Promise<WireAnswer> {
  if (!deps.tracer.on) return answer(deps, request, draining)
  const span = deps.tracer.begin(
    'inference',
    'server',
    { 'http.request.method': request.method ?? '', 'url.path': (request.url ?? '').split('?')[0] ?? '' },
    readTraceparent(request.headers['traceparent']),
  )
  return span
    .within(() => answer(deps, request, draining))
    .then((wire) => {
      span.end({ 'http.response.status_code': wire.status }, wire.status >= 500 ? 'failed' : undefined)
      return wire
    })
}

async function answer(deps: InferenceDeps, request: IncomingMessage, draining: boolean): Promise<WireAnswer> {
  const startedAt = performance.now()
  const given = request.headers['x-request-id']
  const id = typeof given === 'string' && given.length <= 100 ? given : newId('req')
  const url = request.url ?? '/'
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  const speaker = deps.protocols.find((protocol) => protocol.owns(path)) as WireProtocol
  let deployment: LiveDeployment | undefined
  let result: WireAnswer
  let count = 0
  try {
    const caller = await authenticate(request.headers, deps.deployments.tokens, deps.clock())
    const route = matchRoute(deps.protocols, request.method ?? 'GET', path)
    if (route.kind === 'read') result = route.answer(deps.deployments, caller)
    else {
      if (draining) throw predictErrors.STOPPING()
      deployment = find(deps.deployments, caller, route)
      const wait = deps.limiter.take(
        `${caller.hash}/${deployment.project}/${deployment.name}`,
        deployment.requestsPerMinute,
        startedAt,
      )
      if (wait > 0) throw predictErrors.RATE_LIMITED(deployment.name, deployment.requestsPerMinute, wait)
      const body = await readBody(request)
      const decoded = route.decode({ id, headers: request.headers, body, now: deps.clock() }, deployment)
      const answered = await predict(deps, deployment, decoded.rows, { startedAt, request: id })
      count = answered.count
      const { live } = answered.deployment
      deployment.callers.add({
        principal: caller.principal,
        release: live.release.id,
        predictions: count,
        now: deps.clock(),
      })
      result = decoded.encode(answered)
    }
  } catch (error) {
    result = speaker.error(expected(deps.logger, error, id, path), { id })
    const retryAfter = error instanceof AppError && error.status === 429 ? error.details?.['retryAfter'] : undefined
    if (retryAfter !== undefined)
      result = { ...result, headers: { ...result.headers, 'retry-after': String(retryAfter) } }
  }
  deployment?.traffic.add({
    status: result.status,
    predictions: count,
    micros: (performance.now() - startedAt) * 1000,
    now: deps.clock(),
  })
  return { ...result, headers: { ...result.headers, 'x-request-id': id } }
}

function matchRoute(protocols: readonly WireProtocol[], method: string, path: string) {
  for (const protocol of protocols) {
    const route = protocol.match(method, path)
    if (route) return route
  }
  throw predictErrors.ROUTE_NOT_FOUND(method, path)
}

function find(deployments: Deployments, caller: GatewayToken, { name, version }: PredictRoute): LiveDeployment {
  const names = name === undefined ? deployments.names(caller.project) : [name]
  const only = names.length === 1 ? names[0] : undefined
  if (only === undefined) throw predictErrors.NOT_ONE(names.length, caller.project)
  const deployment = deployments.require(caller.project, only)
  requireVersion(deployment, version)
  return deployment
}

function expected(logger: Logger, error: unknown, request: string, path: string): AppError {
  if (error instanceof AppError) return error
  if (error instanceof URIError) return predictErrors.INVALID(`The path ${path} is not encoded as a URL.`)
  if (isTooDeep(error)) return predictErrors.INVALID('A value is nested too deeply to be worked on. Send flatter data.')
  logger.error({ err: error, request, path }, 'prediction failed')
  return new AppError('INTERNAL', 500, 'The gateway failed to do this. Its log has the reason under this request id.')
}
