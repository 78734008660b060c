import { newId } from '../kernel/ids/new-id.ts'
import type {
  GatewayCallers,
  GatewayDeploymentStatus,
  GatewayRelease,
  GatewaySnapshot,
  GatewayToken,
} from '../kernel/ports/gateway.ts'
import type { ModelRuntime } from '../kernel/ports/model-runtime.ts'
import { type CallerCounter, createCallerCounter } from './callers.ts'
import { predictErrors } from './gateway-errors.ts'
import { type LiveRelease, loadRelease } from './live-release.ts'
import { createTrafficCounter, type TrafficCounter } from './traffic.ts'

/** One deployment as it answers now. */
export interface LiveDeployment {
  readonly project: string
  readonly name: string
  readonly live: LiveRelease
  readonly traffic: TrafficCounter
  readonly callers: CallerCounter
  /** What one token may ask of it in a minute. */
  readonly requestsPerMinute: number
}

/** What the gateway serves: follows the snapshot, release by release, without a request that finds nothing. */
export interface Deployments {
  readonly tokens: () => ReadonlyMap<string, GatewayToken>
  /** The deployment of a name in a project; throws when there is none or it cannot answer. */
  require(project: string, name: string): LiveDeployment
  /** Names of the deployments of a project, those that cannot answer included. */
  names(project: string): string[]
  /** Takes a snapshot over: new releases are loaded and warmed before the pointer moves, the old ones end when their requests have. */
  readonly apply: (snapshot: GatewaySnapshot) => Promise<void>
  /** Loads a release that a deployment is about to point to. */
  prepare(project: string, release: GatewayRelease): Promise<void>
  version(): number
  status(): GatewayDeploymentStatus[]
  traffic(project: string, name: string): TrafficCounter | undefined
  /** Everybody who was answered since the gateway started. */
  callers(): GatewayCallers
}

/** Throws when a path names another model version than the one that serves. */
export function requireVersion({ name, live }: LiveDeployment, asked: string | undefined): void {
  const served = live.release.manifest.version
  if (asked !== undefined && asked !== String(served)) throw predictErrors.VERSION_NOT_SERVED(name, asked, served)
}

interface Entry {
  project: string
  name: string
  live?: LiveRelease
  problem?: string
  traffic: TrafficCounter
  callers: CallerCounter
  requestsPerMinute: number
}

const preparedMs = 60_000

export function createDeployments({ runtime, clock }: { runtime: ModelRuntime; clock: () => number }): Deployments {
  let tokens: ReadonlyMap<string, GatewayToken> = new Map()
  let entries = new Map<string, Entry>()
  const counters = new Map<string, TrafficCounter>()
  const callers = new Map<string, { project: string; deployment: string; counter: CallerCounter }>()
  const id = newId('gtw')
  const prepared = new Map<string, { live: LiveRelease; at: number }>()
  let version = 0
  let work: Promise<unknown> = Promise.resolve()

  const keyOf = (project: string, name: string): string => `${project}/${name}`
  const counterOf = (key: string): TrafficCounter => {
    const counter = counters.get(key) ?? createTrafficCounter(clock())
    counters.set(key, counter)
    return counter
  }

  const callersOf = (project: string, deployment: string): CallerCounter => {
    const key = keyOf(project, deployment)
    const found = callers.get(key) ?? { project, deployment, counter: createCallerCounter() }
    callers.set(key, found)
    return found.counter
  }

  /** One change at a time, in the order in which they came. */
  const enqueue = <T>(change: () => Promise<T>): Promise<T> => {
    const next = work.then(change, change)
    work = next.catch(() => {})
    return next
  }

  async function take(snapshot: GatewaySnapshot): Promise<void> {
    if (snapshot.version === version) return
    tokens = new Map(snapshot.tokens.map((token) => [token.hash, token]))
    const next = new Map<string, Entry>()
    for (const { project, name, release, requestsPerMinute = Number.MAX_SAFE_INTEGER } of snapshot.deployments) {
      const key = keyOf(project, name)
      const before = entries.get(key)
      const entry: Entry = {
        project,
        name,
        traffic: counterOf(key),
        callers: callersOf(project, name),
        requestsPerMinute,
        ...(before?.live ? { live: before.live } : {}),
      }
      if (before?.live?.release.id !== release.id) {
        try {
          entry.live = prepared.get(release.id)?.live ?? (await loadRelease(runtime, release))
          prepared.delete(release.id)
        } catch (error) {
          entry.problem = error instanceof Error ? error.message : String(error)
        }
      }
      next.set(key, entry)
    }
    const served = new Set([...next.values()].map((entry) => entry.live))
    const old = entries
    entries = next
    version = snapshot.version
    for (const entry of old.values()) if (entry.live && !served.has(entry.live)) entry.live.retire()
    for (const [id, { live, at }] of prepared) {
      if (clock() - at < preparedMs) continue
      prepared.delete(id)
      live.retire()
    }
  }

  return {
    tokens: () => tokens,
    require: (project, name) => {
      const entry = entries.get(keyOf(project, name))
      if (!entry) throw predictErrors.DEPLOYMENT_NOT_FOUND(name, project)
      if (!entry.live) throw predictErrors.NOT_READY(name, entry.problem ?? 'its model is not loaded.')
      return entry as Entry & { live: LiveRelease }
    },
    names: (project) => [...entries.values()].filter((entry) => entry.project === project).map((entry) => entry.name),
    apply: (snapshot) => enqueue(() => take(snapshot)),
    prepare: (_project, release) =>
      enqueue(async () => {
        const known =
          prepared.has(release.id) || [...entries.values()].some((entry) => entry.live?.release.id === release.id)
        if (!known) prepared.set(release.id, { live: await loadRelease(runtime, release), at: clock() })
      }),
    version: () => version,
    status: () =>
      [...entries.values()].map(({ project, name, live, problem }) => ({
        project,
        name,
        release: live?.release.id ?? null,
        problem: problem ?? null,
      })),
    traffic: (project, name) => counters.get(keyOf(project, name)),
    callers: () => ({
      gateway: id,
      callers: [...callers.values()].flatMap(({ project, deployment, counter }) =>
        counter.read().map((one) => ({ project, deployment, ...one })),
      ),
    }),
  }
}
