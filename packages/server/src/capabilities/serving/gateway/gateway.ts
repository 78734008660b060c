import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PredictResult } from '@trivium/contract'
import { tlsFiles } from '../../../kernel/http/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type {
  GatewayCallers,
  GatewayControl,
  GatewayRelease,
  GatewayStatus,
  GatewayToken,
  GatewayTraffic,
  TryRequest,
} from '../../../kernel/ports/index.ts'
import { servingErrors } from '../errors.ts'
import { callGateway } from './gateway-client.ts'
import { createGatewayProcess } from './gateway-process.ts'
import { addTraffic } from './add-traffic.ts'
import { createPeerGateways, type GatewayAddress } from './peer-gateways.ts'
import { createSnapshotWriter } from './snapshot-writer.ts'
import '../tables.ts'

/** The gateways as main sees them, its own and those of other servers: what they know, what they serve, what they counted. */
export interface Gateway {
  /** Finds the gateway that runs, or starts one when there is a deployment, with `always` in any case; then keeps its snapshot fresh. */
  start(options?: { always?: boolean }): Promise<void>
  /** Runs the gateway on the snapshot that an earlier server has left: while the database is away it serves what was so then. False without one. */
  startStale(): Promise<boolean>
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
  /** Whom the gateways answered since each started: `own` first, then those of other servers. */
  callers(of: 'own' | 'all'): Promise<GatewayCallers[]>
  /** Undefined while it does not answer. */
  status(): Promise<GatewayStatus | undefined>
  /** Where it listens; undefined while it does not run. */
  readonly address: () => { host: string; port: number } | undefined
  /** Where main passes requests on to, on this machine always without TLS; undefined while none runs here or elsewhere. */
  readonly forwardAddress: () => GatewayAddress | undefined
  /** Drains and ends the gateway, or leaves it running for the next main. */
  readonly stop: (options: { keepGateway: boolean }) => Promise<void>
}

const noGateway = 'no server of this database runs one. Start it: trivium up --role gateway'
const refreshMs = 200
/** On a database of several servers a look follows after so long, whatever was heard: a revoked token is refused within two seconds. */
const lookMs = 1000
/** A deployment is not told done before the other gateways serve it, but not for longer. */
const othersMs = 10_000

export function createGateway({
  kernel,
  program,
  tokens,
}: {
  kernel: Kernel
  program: string
  readonly tokens: () => Promise<GatewayToken[]>
}): Gateway {
  const { db, logger, config, replicas, sequencer } = kernel
  const own = replicas.roles.has('gateway')
  const peers = createPeerGateways(kernel)
  const process = createGatewayProcess(
    {
      data: config.data,
      host: config.host,
      port: config.inferencePort,
      program,
      logLevel: config.logLevel,
      tls: tlsFiles(config),
      traces: { endpoint: config.otlpEndpoint, headers: config.otlpHeaders, egressAllow: config.egressAllow },
    },
    logger,
  )
  const writer = createSnapshotWriter({ ...kernel, tokens })
  let refresh: NodeJS.Timeout | undefined
  let changed = true
  let stopListening = (): void => {}
  let refreshing: Promise<void> = Promise.resolve()
  let turn = 0

  /** What opens personal values in the online store goes to the gateway's memory, and into no file. */
  let told = ''
  const rootsNow = async (): Promise<Record<string, string>> => {
    const rows = await db.read.selectFrom('subject_root').select('project_id').orderBy('project_id').execute()
    const roots: Record<string, string> = {}
    for (const { project_id: project } of rows) {
      const root = await kernel.subjects.root(project)
      if (root !== undefined) roots[project] = root
    }
    return roots
  }
  const sync = async (control: GatewayControl, roots: Record<string, string>): Promise<GatewayStatus> => {
    const status = await callGateway<GatewayStatus>(control, 'POST', '/sync', { roots })
    told = Object.keys(roots).join()
    return status
  }

  const publishOwn = async (): Promise<GatewayStatus> => {
    changed = false
    await writer.write()
    const control = await process.ensure()
    const status = await sync(control, await rootsNow())
    await announce(status)
    return status
  }
  const announce = (status: GatewayStatus | undefined): Promise<void> =>
    peers.announce(process.control(), status).catch((error: unknown) => {
      logger.warn({ err: error }, 'the other servers do not hear of the gateway yet')
    })

  const publish = async (): Promise<GatewayStatus> => {
    const status = own ? await publishOwn() : undefined
    db.channel?.publish('deployments')
    const theirs = await peers.settled(othersMs)
    const all = [...(status ? [status] : []), ...theirs]
    const [first] = all
    if (!first) throw servingErrors.GATEWAY_DOWN(noGateway)
    // Where one cannot load it, that is what has to be known.
    return all.find(({ deployments }) => deployments.some(({ problem }) => problem !== null)) ?? first
  }

  /** Tokens and deployments change by commits: a look after each, at most five times a second; of other servers we hear, and look anyhow. */
  const keepFresh = (): void => {
    if (refresh) return
    const change = (): void => {
      changed = true
    }
    const stops = [
      db.onCommitted(change),
      sequencer.onSealed(change),
      db.channel?.subscribe('deployments', change),
      db.channel?.subscribe('reconnected', change),
    ]
    stopListening = () => {
      for (const stop of stops) stop?.()
    }
    let looked = performance.now()
    let running = false
    refresh = setInterval(() => {
      if (db.channel && performance.now() - looked > lookMs) changed = true
      if (!changed || running || !process.control()) return
      changed = false
      running = true
      looked = performance.now()
      refreshing = writer
        .write()
        .then(async (result) => {
          const control = process.control()
          if (!result.whole) changed = true
          const roots = await rootsNow()
          if ((result.changed || Object.keys(roots).join() !== told) && control)
            await announce(await sync(control, roots))
        })
        .catch((error) => {
          changed = true
          logger.warn({ err: error }, 'the snapshot of the gateway could not be refreshed')
        })
        .finally(() => {
          running = false
        })
    }, refreshMs)
    refresh.unref()
  }

  /** With several servers the first deployment may be made at another one. */
  let waitForFirst: (() => void) | undefined
  const deployed = async (): Promise<boolean> =>
    (await db.read
      .selectFrom('deployment')
      .select('name')
      .where('retired_at', 'is', null)
      .limit(1)
      .executeTakeFirst()) !== undefined
  const begin = async (): Promise<void> => {
    keepFresh()
    await publishOwn()
  }

  /** Another server's, in turn, so that each gets its share. */
  const peer = (): GatewayAddress | undefined => {
    const others = peers.addresses()
    turn += 1
    return others[turn % Math.max(1, others.length)]
  }

  process.onRestarted(async () => {
    await publishOwn()
  })

  return {
    start: async ({ always = false } = {}) => {
      if (!own) return
      if (always || (await deployed()) || (await process.adopt())) return begin()
      if (!db.channel) return
      const look = async (): Promise<void> => {
        if (!waitForFirst || refresh || !(await deployed())) return
        waitForFirst()
        waitForFirst = undefined
        await begin()
      }
      waitForFirst = sequencer.onSealed(
        () => void look().catch((error: unknown) => logger.error({ err: error }, 'the gateway could not be started')),
      )
    },
    startStale: async () => {
      if (!own || !existsSync(join(config.data, 'gateway', 'snapshot.json'))) return false
      await process.ensure()
      return true
    },
    prepare: async (project, release) => {
      if (!own) {
        await replicas.look()
        // The others load and warm it before they point to it.
        if (peers.addresses().length === 0) throw servingErrors.GATEWAY_DOWN(noGateway)
        return
      }
      await writer.write()
      const control = await process.ensure()
      keepFresh()
      await callGateway(control, 'POST', '/prepare', { project, release }, 60_000)
    },
    publish,
    tryOut: async (request) => {
      if (own) return callGateway(await process.ensure(), 'POST', '/try', request)
      const answer = await peers.askOne<PredictResult & { latencyMicros: number }>('/try', request)
      if (!answer) throw servingErrors.GATEWAY_DOWN(noGateway)
      return answer
    },
    traffic: async (deployments, minutes) => {
      const control = process.control()
      if (deployments.length === 0) return []
      const [mine, theirs] = await Promise.all([
        control &&
          callGateway<(GatewayTraffic | null)[]>(control, 'POST', '/traffic', { deployments, minutes }, 2000).catch(
            () => undefined,
          ),
        peers.ask<(GatewayTraffic | null)[]>('POST', '/traffic', { deployments, minutes }),
      ])
      return deployments.map((_, index) => addTraffic([mine?.[index], ...theirs.map((one) => one[index])]))
    },
    callers: async (of) => {
      const control = process.control()
      const [mine, theirs] = await Promise.all([
        control &&
          callGateway<GatewayCallers>(control, 'GET', '/callers', undefined, 2000).catch((error: unknown) => {
            logger.debug({ err: error }, 'the gateway does not say whom it answered')
          }),
        of === 'all' ? peers.ask<GatewayCallers>('GET', '/callers') : [],
      ])
      return [...(mine ? [mine] : []), ...theirs]
    },
    status: async () => {
      const control = process.control()
      if (control) return callGateway<GatewayStatus>(control, 'GET', '/status', undefined, 2000).catch(() => undefined)
      if (own) return undefined
      return (await peers.ask<GatewayStatus>('GET', '/status'))[0]
    },
    address: () => {
      const control = process.control()
      if (control)
        return { host: ['0.0.0.0', '::'].includes(control.host) ? 'localhost' : control.host, port: control.port }
      return peer()
    },
    forwardAddress: () => {
      const control = process.control()
      if (!control) return peer()
      if (control.plainPort !== undefined) return { host: '127.0.0.1', port: control.plainPort }
      return { host: ['0.0.0.0', '::'].includes(control.host) ? 'localhost' : control.host, port: control.port }
    },
    stop: async ({ keepGateway }) => {
      clearInterval(refresh)
      waitForFirst?.()
      stopListening()
      await refreshing
      if (keepGateway) process.leave()
      else await process.stop()
    },
  }
}
