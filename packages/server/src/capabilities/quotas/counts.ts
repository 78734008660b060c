import { quotaDefinitions, type QuotaName } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import './tables.ts'

/** What is counted by the minute or by the day. */
export type CountedQuota = 'project-requests' | 'principal-requests' | 'project-upload' | 'principal-upload'

/** Counts of the current minutes and days: of this server at once, of the others after a few seconds. */
export interface Counts {
  /** What is used now, and after how many seconds it begins at 0 again. */
  used(project: string, name: CountedQuota, principal: string): { used: number; seconds: number }
  add(project: string, name: CountedQuota, principal: string, amount: number): void
  /** Reads what was counted before this server started; the first call of a key has to wait for it. */
  known(project: string, name: CountedQuota, principal: string): Promise<void> | undefined
  /** Who used something in the current minute or day. */
  principals(project: string): Promise<{ principal: string; name: CountedQuota; used: number }[]>
  /** Writes down what was counted and takes in what others have counted. */
  flush(): Promise<void>
  stop(): Promise<void>
}

interface Count {
  readonly project: string
  readonly name: CountedQuota
  readonly principal: string
  period: number
  /** In the database, from all servers. */
  stored: number
  /** Counted here and not yet written. */
  fresh: number
}

const flushMs = 5000
/** Keys that are remembered; beyond it those of past periods are forgotten, then the oldest. */
const mostKeys = 20_000
const keepMs = 2 * 86_400_000
const lengthMs = { minute: 60_000, day: 86_400_000 }

const periodOf = (name: CountedQuota, now: number): number => now - (now % lengthMs[quotaDefinitions[name].per])

export function createCounts({ db, clock, logger }: Pick<Kernel, 'db' | 'clock' | 'logger'>): Counts {
  const counts = new Map<string, Count>()
  const reading = new Map<string, Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined
  let cleanedAt = 0
  // SQLite belongs to one server: what it counts by the minute nobody else has to know.
  const isShared = (name: QuotaName): boolean =>
    db.dialect === 'postgres' || name === 'project-upload' || name === 'principal-upload'
  const keyOf = (project: string, name: string, principal: string) => `${project}\n${name}\n${principal}`

  const current = (project: string, name: CountedQuota, principal: string): Count | undefined => {
    const count = counts.get(keyOf(project, name, principal))
    if (!count) return undefined
    const period = periodOf(name, clock())
    if (count.period !== period) Object.assign(count, { period, stored: 0, fresh: 0 })
    return count
  }
  const keep = (count: Count): void => {
    if (counts.size >= mostKeys) {
      const now = clock()
      for (const [key, one] of counts) if (one.period !== periodOf(one.name, now)) counts.delete(key)
      for (const key of [...counts.keys()].slice(0, Math.max(0, counts.size - mostKeys + 1))) counts.delete(key)
    }
    counts.set(keyOf(count.project, count.name, count.principal), count)
  }
  const read = async (project: string, name: CountedQuota, principal: string): Promise<void> => {
    const period = periodOf(name, clock())
    const row = isShared(name)
      ? await db.read
          .selectFrom('quota_use')
          .select('amount')
          .where('project_id', '=', project)
          .where('name', '=', name)
          .where('principal_id', '=', principal)
          .where('period', '=', period)
          .executeTakeFirst()
      : undefined
    if (!counts.has(keyOf(project, name, principal)))
      keep({ project, name, principal, period, stored: Number(row?.amount ?? 0), fresh: 0 })
  }

  async function write(): Promise<void> {
    const now = clock()
    const dirty = [...counts.values()].filter((one) => one.fresh > 0 && isShared(one.name))
    // In one order everywhere, so that servers do not wait for each other in a circle.
    dirty.sort((a, b) => (keyOf(a.project, a.name, a.principal) < keyOf(b.project, b.name, b.principal) ? -1 : 1))
    if (dirty.length === 0) return
    const written = dirty.map((count) => ({ count, period: count.period, amount: count.fresh }))
    const totals = await db.write.transaction().execute(async (trx) => {
      const found: number[] = []
      for (const { count, period, amount } of written) {
        const row = await trx
          .insertInto('quota_use')
          .values({ project_id: count.project, name: count.name, principal_id: count.principal, period, amount })
          .onConflict((c) =>
            c
              .columns(['project_id', 'name', 'principal_id', 'period'])
              .doUpdateSet((e) => ({ amount: e('quota_use.amount', '+', amount) })),
          )
          .returning('amount')
          .executeTakeFirstOrThrow()
        found.push(Number(row.amount))
      }
      if (now - cleanedAt > lengthMs.day / 24)
        await trx
          .deleteFrom('quota_use')
          .where('period', '<', now - keepMs)
          .execute()
      return found
    })
    if (now - cleanedAt > lengthMs.day / 24) cleanedAt = now
    for (const [at, { count, period, amount }] of written.entries()) {
      if (count.period !== period) continue
      count.stored = totals[at] ?? count.stored
      count.fresh -= amount
    }
  }
  const flush = (): Promise<void> => (flushing ??= write().finally(() => (flushing = undefined)))

  return {
    used: (project, name, principal) => {
      const count = current(project, name, principal)
      const now = clock()
      return {
        used: count ? count.stored + count.fresh : 0,
        seconds: Math.max(1, Math.ceil((periodOf(name, now) + lengthMs[quotaDefinitions[name].per] - now) / 1000)),
      }
    },
    add: (project, name, principal, amount) => {
      const count = current(project, name, principal)
      if (count) count.fresh += amount
      else keep({ project, name, principal, period: periodOf(name, clock()), stored: 0, fresh: amount })
      if (timer || !isShared(name)) return
      timer = setTimeout(() => {
        timer = undefined
        void flush().catch((error: unknown) => logger.warn({ err: error }, 'use of quotas could not be written down'))
      }, flushMs)
      timer.unref()
    },
    known: (project, name, principal) => {
      const key = keyOf(project, name, principal)
      if (counts.has(key)) return undefined
      let one = reading.get(key)
      if (!one) {
        one = read(project, name, principal).finally(() => reading.delete(key))
        reading.set(key, one)
      }
      return one
    },
    principals: async (project) => {
      await flush()
      const now = clock()
      const rows = await db.read
        .selectFrom('quota_use')
        .select(['name', 'principal_id', 'amount', 'period'])
        .where('project_id', '=', project)
        .where('principal_id', '!=', '')
        .where('period', '>=', now - lengthMs.day)
        .orderBy('amount', 'desc')
        .limit(500)
        .execute()
      const local = [...counts.values()].filter((one) => one.project === project && one.principal !== '')
      const found = new Map<string, { principal: string; name: CountedQuota; used: number }>()
      for (const { name, principal_id: principal, amount, period } of rows)
        if (period === periodOf(name as CountedQuota, now))
          found.set(`${name}\n${principal}`, { principal, name: name as CountedQuota, used: Number(amount) })
      for (const { name, principal, period, stored, fresh } of local)
        if (period === periodOf(name, now))
          found.set(`${name}\n${principal}`, { principal, name, used: stored + fresh })
      return [...found.values()]
    },
    flush,
    stop: async () => {
      clearTimeout(timer)
      await flushing
      await write()
    },
  }
}
