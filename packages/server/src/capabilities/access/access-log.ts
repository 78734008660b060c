import type { AccessEntry } from '@trivium/contract'
import { sql } from 'kysely'
import type { AccessNote, AccessNotes } from '../../kernel/http/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import './tables.ts'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    access_log: AccessLogTable
  }
}

interface AccessLogTable {
  id: string
  /** Empty where the request named no project. */
  project_id: string
  at: number
  kind: 'denied' | 'read'
  what: string
  status: number
  method: string
  route: string
  path: string
  principal_id: string | null
  permission: string | null
  address: string
  request_id: string
  count: number
}

/** Refused requests and sensitive reads. Separate from events: it has no order that others rely on, may drop under a flood, and is removed by age. */
export interface AccessLog extends AccessNotes {
  /** Newest first; `project` undefined is all of them. */
  list(query: {
    project?: string
    kind?: 'denied' | 'read'
    by?: string
    from?: number
    to?: number
    before?: string
    limit: number
  }): Promise<AccessEntry[]>
  readonly keptDays: number
  /** Removes old entries now and every hour. */
  start(): void
  /** Writes what is waiting. */
  flush(): Promise<void>
  /** Removes what is older than it is kept, and the oldest beyond what is kept at most. Returns how many. */
  sweep(): Promise<number>
  stop(): Promise<void>
}

const flushMs = 2000
/** Different requests that wait for the next flush; more of them in two seconds are counted, not kept. */
const mostWaiting = 5000
const sweepMs = 3_600_000
const sweepRows = 5000

type Waiting = AccessNote & { at: number; count: number }

/** Notes wait in memory, like ones as one line, and are written together every two seconds: a request waits for none of it. */
export function createAccessLog(
  { db, clock, logger, config, leader }: Pick<Kernel, 'db' | 'clock' | 'logger' | 'config' | 'leader'>,
  { mostRows = 1_000_000 }: { mostRows?: number } = {},
): AccessLog {
  let waiting = new Map<string, Waiting>()
  let dropped = 0
  let flushing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let sweeper: NodeJS.Timeout | undefined

  const add = (note: AccessNote, at: number, count: number): void => {
    const key = `${note.kind} ${note.what} ${note.status} ${note.principalId} ${note.address} ${note.method} ${note.path} ${note.project} ${note.route}`
    const known = waiting.get(key)
    if (known) known.count += count
    else if (waiting.size < mostWaiting) waiting.set(key, { ...note, at, count })
    else dropped += count
  }

  const write = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.size === 0) return
    const entries = [...waiting.values()]
    waiting = new Map()
    if (dropped > 0) entries.push(droppedEntry(clock(), dropped))
    const lost = dropped
    dropped = 0
    try {
      await db.write.transaction().execute((trx) => db.bulkInsert(trx, 'access_log', columns, entries.map(rowOf)))
    } catch (error) {
      dropped += lost
      // They wait for the next time, within the same bound.
      for (const { at, count, ...note } of entries) if (note.route !== droppedRoute) add(note, at, count)
      throw error
    }
  }
  const flush = (): Promise<void> => {
    flushing = flushing.catch(() => {}).then(write)
    return flushing
  }
  const sweep = async (): Promise<number> => {
    const limit = clock() - config.accessLogDays * 86_400_000
    let removed = 0
    for (;;) {
      const { rows } = await sql<{ n: number }>`select count(*) as n from access_log`.execute(db.read as never)
      const tooMany = Math.min(sweepRows, Math.max(0, Number(rows[0]?.n ?? 0) - mostRows))
      const { numDeletedRows } = await db.write.transaction().execute((trx) =>
        trx
          .deleteFrom('access_log')
          .where('id', 'in', (e) =>
            tooMany > 0
              ? e.selectFrom('access_log').select('id').orderBy('at').limit(tooMany)
              : e.selectFrom('access_log').select('id').where('at', '<', limit).orderBy('at').limit(sweepRows),
          )
          .executeTakeFirst(),
      )
      removed += Number(numDeletedRows)
      if (numDeletedRows === 0n) return removed
    }
  }
  const inBackground = (work: () => Promise<unknown>, what: string) => (): void =>
    void work().catch((error: unknown) => logger.error({ err: error }, what))

  return {
    keptDays: config.accessLogDays,
    note: (entry) => {
      add(entry, clock(), 1)
      timer ??= setTimeout(inBackground(flush, 'the access log could not be written; it tries again'), flushMs).unref()
    },
    list: async ({ project, kind, by, from, to, before, limit }) => {
      await flush()
      let query = db.read
        .selectFrom('access_log')
        .leftJoin('principal', 'principal.id', 'access_log.principal_id')
        .selectAll('access_log')
        .select('principal.name as by_name')
        .orderBy('access_log.id', 'desc')
        .limit(limit)
      if (project !== undefined) query = query.where('access_log.project_id', '=', project)
      if (kind !== undefined) query = query.where('access_log.kind', '=', kind)
      if (by !== undefined) query = query.where('access_log.principal_id', '=', by)
      if (from !== undefined) query = query.where('access_log.at', '>=', from)
      if (to !== undefined) query = query.where('access_log.at', '<', to)
      if (before !== undefined) query = query.where('access_log.id', '<', before)
      return (await query.execute()).map(entryOf)
    },
    start: () => {
      const look = inBackground(
        async () => leader.leads() && sweep(),
        'old entries of the access log could not be removed; it tries again in an hour',
      )
      look()
      sweeper = setInterval(look, sweepMs).unref()
    },
    flush,
    sweep,
    stop: async () => {
      clearInterval(sweeper)
      await flush().catch((error: unknown) => logger.error({ err: error }, 'the end of the access log was not written'))
    },
  }
}

const columns = [
  'id',
  'project_id',
  'at',
  'kind',
  'what',
  'status',
  'method',
  'route',
  'path',
  'principal_id',
  'permission',
  'address',
  'request_id',
  'count',
] as const

const rowOf = (entry: Waiting) => [
  newId('acc'),
  entry.project ?? '',
  entry.at,
  entry.kind,
  entry.what,
  entry.status,
  entry.method,
  entry.route,
  entry.path,
  entry.principalId,
  entry.permission,
  entry.address,
  entry.requestId,
  entry.count,
]

const droppedRoute = 'several'

/** Says that there was more than was kept. */
const droppedEntry = (at: number, count: number): Waiting => ({
  kind: 'denied',
  what: 'ACCESS_LOG.DROPPED',
  status: 0,
  method: '',
  route: droppedRoute,
  path: '',
  project: null,
  principalId: null,
  permission: null,
  address: '',
  requestId: '',
  at,
  count,
})

const entryOf = (row: AccessLogTable & { by_name: string | null }): AccessEntry => ({
  id: row.id,
  at: row.at,
  kind: row.kind,
  what: row.what,
  status: row.status,
  method: row.method,
  route: row.route,
  path: row.path,
  project: row.project_id === '' ? null : row.project_id,
  by: row.principal_id,
  byName: row.by_name,
  permission: row.permission,
  address: row.address,
  requestId: row.request_id,
  count: row.count,
})
