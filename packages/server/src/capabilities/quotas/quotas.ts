import {
  type ProjectQuotas,
  quotaDefinitions,
  type QuotaDefinition,
  type QuotaName,
  quotaNames,
  type QuotaPrincipal,
} from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { QuotaCaller, RequestQuotas } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { holds, type Principal, type Scope } from '../../kernel/principal/index.ts'
import { type CountedQuota, createCounts } from './counts.ts'
import { quotaErrors } from './errors.ts'
import { createLimits } from './limits.ts'
import { createStoredBytes } from './stored-bytes.ts'
import './tables.ts'

/** What is counted by who owns it. */
type OwnedQuota = 'running-steps' | 'queued-runs'

/** What projects and principals may use, and what they use. */
export interface Quotas extends RequestQuotas {
  list(): Promise<ProjectQuotas[]>
  get(project: string): Promise<ProjectQuotas>
  set(scope: Scope, limits: Readonly<Partial<Record<QuotaName, number | null>>>): Promise<ProjectQuotas>
  /** Says how a quota is counted whose rows belong to another capability. */
  countWith(name: OwnedQuota, count: (db: Reader, project: string) => Promise<number>): void
  /** Throws QUOTAS.EXCEEDED when one more would be too many of what is counted by `countWith`. */
  requireRoom(db: Reader, project: string, name: OwnedQuota): Promise<void>
  /** The limit that holds now; 0 is none. */
  limit(project: string, name: QuotaName): Promise<number>
  /** Writes down what was counted. */
  flush(): Promise<void>
  stop(): Promise<void>
}

const mostPrincipals = 50
/** After which there may be room for another run or stream. */
const soonSeconds = 30

const whoOf = ({ id, onBehalfOf }: Principal): string => onBehalfOf ?? id

export function createQuotas(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'config' | 'logger' | 'metrics'>,
): Quotas {
  const { db, metrics } = kernel
  const limits = createLimits(kernel)
  const counts = createCounts(kernel)
  const stored = createStoredBytes(kernel)
  const owned = new Map<OwnedQuota, (db: Reader, project: string) => Promise<number>>()
  const streams = new Map<string, number>()
  const refused = new Map<string, number>()

  const refuse = (quota: QuotaName, project: string, used: number, retryAfter: number): Error => {
    const key = `${project}\n${quota}`
    refused.set(key, (refused.get(key) ?? 0) + 1)
    const { limit } = limits.of(project, quota)
    return quota === 'storage'
      ? quotaErrors.STORAGE_FULL({ project, limit, used })
      : quotaErrors.EXCEEDED({ quota, project, limit, used, retryAfter })
  }
  /** Throws when `amount` more would pass the limit. */
  const check = (project: string, name: CountedQuota, principal: string, amount: number): void => {
    const { limit } = limits.of(project, name)
    if (limit === 0) return
    const { used, seconds } = counts.used(project, name, principal)
    if (used + amount > limit) throw refuse(name, project, used, seconds)
  }
  const checkStorage = (project: string, bytes: number): void => {
    const { limit } = limits.of(project, 'storage')
    if (limit === 0) return
    const used = stored.known(project) ?? 0
    if (used + bytes > limit) throw refuse('storage', project, used, 0)
  }
  const countsOf = (caller: QuotaCaller, what: 'requests' | 'upload'): [CountedQuota, string][] => [
    [`project-${what}`, ''],
    [`principal-${what}`, whoOf(caller.principal)],
  ]
  const takeBytes: Quotas['takeBytes'] = (caller, { bytes, stores }) => {
    const { project } = caller
    if (bytes === 0) return
    for (const [name, who] of countsOf(caller, 'upload')) check(project, name, who, bytes)
    if (stores) checkStorage(project, bytes)
    for (const [name, who] of countsOf(caller, 'upload')) counts.add(project, name, who, bytes)
    if (stores) stored.add(project, bytes)
  }
  const streamKeys = ({ project, principal }: QuotaCaller): [QuotaName, string][] => [
    ['project-streams', `${project}\n`],
    ['principal-streams', `${project}\n${whoOf(principal)}`],
  ]

  const get = async (project: string): Promise<ProjectQuotas> => {
    await limits.ready()
    const principals = await principalsOf(project)
    const quotas = await Promise.all(
      quotaNames.map(async (name) => {
        const { of, unit, per, summary }: QuotaDefinition = quotaDefinitions[name]
        return {
          name,
          of,
          unit,
          per: per ?? null,
          summary,
          ...limits.of(project, name),
          used: await usedOf(project, name, principals),
        }
      }),
    )
    return { project, quotas, principals }
  }
  const usedOf = async (project: string, name: QuotaName, principals: readonly QuotaPrincipal[]): Promise<number> => {
    if (name === 'storage') return stored.known(project) ?? stored.measure(project)
    if (name === 'running-steps' || name === 'queued-runs') return (await owned.get(name)?.(db.read, project)) ?? 0
    if (name === 'project-streams') return streams.get(`${project}\n`) ?? 0
    if (name === 'project-requests' || name === 'project-upload') {
      await counts.known(project, name, '')
      return counts.used(project, name, '').used
    }
    return Math.max(
      0,
      ...principals.flatMap((one) => one.used.filter((use) => use.name === name).map((use) => use.used)),
    )
  }
  const principalsOf = async (project: string): Promise<QuotaPrincipal[]> => {
    const used = new Map<string, QuotaPrincipal['used']>()
    const note = (principal: string, name: QuotaName, amount: number): void => {
      const list = used.get(principal) ?? []
      used.set(principal, list)
      list.push({ name, used: amount })
    }
    for (const one of await counts.principals(project)) note(one.principal, one.name, one.used)
    for (const [key, open] of streams) {
      const [of, principal = ''] = key.split('\n')
      if (of === project && principal !== '') note(principal, 'principal-streams', open)
    }
    const most = ([, list]: [string, QuotaPrincipal['used']]) => Math.max(...list.map((one) => one.used))
    const shown = [...used].toSorted((a, b) => most(b) - most(a)).slice(0, mostPrincipals)
    if (shown.length === 0) return []
    const names = await db.read
      .selectFrom('principal')
      .select(['id', 'name'])
      .where(
        'id',
        'in',
        shown.map(([id]) => id),
      )
      .execute()
    const nameOf = new Map(names.map(({ id, name }) => [id, name]))
    return shown.map(([id, list]) => ({ id, name: nameOf.get(id) ?? id, used: list }))
  }

  metrics.collect(async (reader) =>
    [...refused].flatMap(([key, value]) => {
      const [project = '', quota = ''] = key.split('\n')
      if (!holds(reader, project, 'metrics:read')) return []
      return [{ metric: 'trivium_quota_refusals_total' as const, labels: { project, quota }, value }]
    }),
  )
  metrics.collect(async (reader) => {
    await limits.ready()
    const projects = (await projectNames(db.read)).filter((project) => holds(reader, project, 'metrics:read'))
    const readings = projects.flatMap((project) =>
      quotaNames.flatMap((quota) => {
        const { limit, own } = limits.of(project, quota)
        const labels = { project, quota }
        return own ? [{ metric: 'trivium_quota_limit' as const, labels, value: limit }] : []
      }),
    )
    const used = projects.flatMap((project) =>
      (['project-requests', 'project-upload'] as const).map((quota) => ({
        metric: 'trivium_quota_used' as const,
        labels: { project, quota },
        value: counts.used(project, quota, '').used,
      })),
    )
    return [...readings, ...used]
  })

  return {
    take: async (caller, { bytes, stores }) => {
      const { project } = caller
      const unread = limits.ready()
      if (unread) await unread
      const asked = [...countsOf(caller, 'requests'), ...(bytes > 0 || stores ? countsOf(caller, 'upload') : [])]
      for (const [name, who] of asked) {
        const unknown = counts.known(project, name, who)
        if (unknown) await unknown
      }
      if (stores && limits.of(project, 'storage').limit > 0 && stored.known(project) === undefined)
        await stored.measure(project)
      for (const [name, who] of countsOf(caller, 'requests')) check(project, name, who, 1)
      if (stores) checkStorage(project, Math.max(1, bytes))
      takeBytes(caller, { bytes, stores })
      for (const [name, who] of countsOf(caller, 'requests')) counts.add(project, name, who, 1)
    },
    takeBytes,
    requireStorage: async ({ project }, bytes) => {
      await limits.ready()
      if (limits.of(project, 'storage').limit > 0 && stored.known(project) === undefined) await stored.measure(project)
      checkStorage(project, bytes)
    },
    openStream: (caller) => {
      const keys = streamKeys(caller)
      for (const [name, key] of keys) {
        const { limit } = limits.of(caller.project, name)
        const open = streams.get(key) ?? 0
        if (limit > 0 && open >= limit) throw refuse(name, caller.project, open, soonSeconds)
      }
      for (const [, key] of keys) streams.set(key, (streams.get(key) ?? 0) + 1)
      let closed = false
      return () => {
        if (closed) return
        closed = true
        for (const [, key] of keys) {
          const left = (streams.get(key) ?? 1) - 1
          if (left <= 0) streams.delete(key)
          else streams.set(key, left)
        }
      }
    },
    list: async () => Promise.all((await projectNames(db.read)).map(get)),
    get,
    set: async (scope, wanted) => {
      await limits.set(scope, wanted)
      return get(scope.project)
    },
    countWith: (name, count) => void owned.set(name, count),
    requireRoom: async (reader, project, name) => {
      await limits.ready()
      const { limit } = limits.of(project, name)
      if (limit === 0) return
      const used = (await owned.get(name)?.(reader, project)) ?? 0
      if (used >= limit) throw refuse(name, project, used, soonSeconds)
    },
    limit: async (project, name) => {
      await limits.ready()
      return limits.of(project, name).limit
    },
    flush: () => counts.flush(),
    stop: () => counts.stop(),
  }
}

async function projectNames(db: Reader): Promise<string[]> {
  const rows = await db.selectFrom('project').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
