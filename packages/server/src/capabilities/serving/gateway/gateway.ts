import type { PredictResult } from '@trivium/contract'
import { tlsFiles } from '../../../kernel/http/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type {
  GatewayRelease,
  GatewayStatus,
  GatewayToken,
  GatewayTraffic,
  TryRequest,
} from '../../../kernel/ports/index.ts'
import { callGateway } from './gateway-client.ts'
import { createGatewayProcess } from './gateway-process.ts'
import { createSnapshotWriter } from './snapshot-writer.ts'
import '../tables.ts'

/** The gateway as main sees it: what it knows, what it serves, what it counted. */
export interface Gateway {
  /** Finds the gateway that runs, or starts one when there is a deployment; then keeps its snapshot fresh. */
  start(): Promise<void>
  /** Loads and warms a release before a deployment points to it; starts the gateway if need be. */
  prepare(project: string, release: GatewayRelease): Promise<void>
  /** Makes what is committed known to the gateway; resolves when it serves it. */
  publish(): Promise<GatewayStatus>
  tryOut(request: TryRequest): Promise<PredictResult & { latencyMicros: number }>
  /** Counts by deployment, in order; null for what the gateway does not know or while it does not run. */
  traffic(
    deployments: readonly { project: string; name: string }[],
    minutes: number,
  ): Promise<(GatewayTraffic | null)[]>
  /** Undefined while it does not answer. */
  status(): Promise<GatewayStatus | undefined>
  /** Where it listens; undefined while it does not run. */
  readonly address: () => { host: string; port: number } | undefined
  /** Where main passes requests on to, always without TLS: this machine only when the gateway has a certificate. */
  readonly forwardAddress: () => { host: string; port: number } | undefined
  /** Drains and ends the gateway, or leaves it running for the next main. */
  readonly stop: (options: { keepGateway: boolean }) => Promise<void>
}

const refreshMs = 200

export function createGateway({
  kernel,
  program,
  tokens,
}: {
  kernel: Kernel
  program: string
  readonly tokens: () => Promise<GatewayToken[]>
}): Gateway {
  const { db, logger, config } = kernel
  const process = createGatewayProcess(
    {
      data: config.data,
      host: config.host,
      port: config.inferencePort,
      program,
      logLevel: config.logLevel,
      tls: tlsFiles(config),
    },
    logger,
  )
  const writer = createSnapshotWriter({ ...kernel, tokens })
  let refresh: NodeJS.Timeout | undefined
  let changed = true
  let stopListening = (): void => {}
  let refreshing: Promise<void> = Promise.resolve()

  const publish = async (): Promise<GatewayStatus> => {
    changed = false
    await writer.write()
    const control = await process.ensure()
    return callGateway<GatewayStatus>(control, 'POST', '/sync', {})
  }

  /** Tokens and deployments change by commits: a look after each, at most five times a second. */
  const keepFresh = (): void => {
    if (refresh) return
    stopListening = db.onCommitted(() => {
      changed = true
    })
    refresh = setInterval(() => {
      if (!changed || !process.control()) return
      changed = false
      refreshing = writer
        .write()
        .then(async (result) => {
          const control = process.control()
          if (result.changed && control) await callGateway(control, 'POST', '/sync', {})
        })
        .catch((error) => {
          changed = true
          logger.warn({ err: error }, 'the snapshot of the gateway could not be refreshed')
        })
    }, refreshMs)
    refresh.unref()
  }

  process.onRestarted(async () => {
    await publish()
  })

  return {
    start: async () => {
      const deployed = await db.read
        .selectFrom('deployment')
        .select('name')
        .where('retired_at', 'is', null)
        .limit(1)
        .executeTakeFirst()
      if (!deployed && !(await process.adopt())) return
      keepFresh()
      await publish()
    },
    prepare: async (project, release) => {
      await writer.write()
      const control = await process.ensure()
      keepFresh()
      await callGateway(control, 'POST', '/prepare', { project, release }, 60_000)
    },
    publish,
    tryOut: async (request) => callGateway(await process.ensure(), 'POST', '/try', request),
    traffic: async (deployments, minutes) => {
      const control = process.control()
      if (!control || deployments.length === 0) return deployments.map(() => null)
      return callGateway<(GatewayTraffic | null)[]>(control, 'POST', '/traffic', { deployments, minutes }, 2000).catch(
        () => deployments.map(() => null),
      )
    },
    status: async () => {
      const control = process.control()
      return control
        ? callGateway<GatewayStatus>(control, 'GET', '/status', undefined, 2000).catch(() => undefined)
        : undefined
    },
    address: () => {
      const control = process.control()
      return (
        control && { host: ['0.0.0.0', '::'].includes(control.host) ? 'localhost' : control.host, port: control.port }
      )
    },
    forwardAddress: () => {
      const control = process.control()
      if (!control) return undefined
      if (control.plainPort !== undefined) return { host: '127.0.0.1', port: control.plainPort }
      return { host: ['0.0.0.0', '::'].includes(control.host) ? 'localhost' : control.host, port: control.port }
    },
    stop: async ({ keepGateway }) => {
      clearInterval(refresh)
      stopListening()
      await refreshing
      if (keepGateway) process.leave()
      else await process.stop()
    },
  }
}
