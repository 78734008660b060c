import type { Clock } from '../clock/index.ts'
import type { Database } from '../db/index.ts'
import type { Logger } from '../logging/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    connection_use: ConnectionUseTable
  }
}

interface ConnectionUseTable {
  /** Name of the connection; webhooks have one for each host: `webhooks@HOST`. */
  connection: string
  succeeded_at: number | null
  failed_at: number | null
  failure: string | null
  address: string | null
  tls: string | null
}

/** When a connection last worked and last failed. */
export interface ConnectionUse {
  readonly succeededAt: number | null
  readonly failedAt: number | null
  readonly failure: string | null
  /** The address that answered last. */
  readonly address: string | null
  readonly tls: string | null
}

/** What was seen of connections while they were used; nobody waits for it. */
export interface ConnectionUses {
  note(connection: string, use: { failure: string | null; address?: string | null; tls?: string | null }): void
  /** By name of the connection. */
  list(): Promise<Map<string, ConnectionUse>>
  flush(): Promise<void>
}

/** After a failure, and after the first success since; further successes are written less often. */
const soonMs = 2000
const laterMs = 30_000
const longest = 500
const keptMs = 180 * 86_400_000
/** More connections than that wait for no flush. */
const mostWaiting = 1000

export function createConnectionUses({
  db,
  clock,
  logger,
}: {
  db: Database
  clock: Clock
  logger: Logger
}): ConnectionUses {
  const seen = new Map<string, ConnectionUse & { readonly written: 'ok' | 'failed' | undefined }>()
  const waiting = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let dueAt = 0

  const plan = (ms: number): void => {
    const at = performance.now() + ms
    if (timer && dueAt <= at) return
    clearTimeout(timer)
    dueAt = at
    timer = setTimeout(
      () =>
        void flush().catch((error: unknown) =>
          logger.warn({ err: error }, 'the use of connections could not be written; it tries again with the next'),
        ),
      ms,
    ).unref()
  }
  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const names = [...waiting]
    if (names.length === 0) return
    const rows = names.flatMap((connection): ConnectionUseTable[] => {
      const use = seen.get(connection)
      if (!use) return []
      const { succeededAt, failedAt, failure, address, tls } = use
      return [{ connection, succeeded_at: succeededAt, failed_at: failedAt, failure, address, tls }]
    })
    await db.write.transaction().execute(async (trx) => {
      for (const row of rows)
        await trx
          .insertInto('connection_use')
          .values(row)
          .onConflict((on) =>
            on.column('connection').doUpdateSet((e) => ({
              succeeded_at: e.fn.coalesce('excluded.succeeded_at', 'connection_use.succeeded_at'),
              failed_at: e.fn.coalesce('excluded.failed_at', 'connection_use.failed_at'),
              failure: e.fn.coalesce('excluded.failure', 'connection_use.failure'),
              address: e.fn.coalesce('excluded.address', 'connection_use.address'),
              tls: e.fn.coalesce('excluded.tls', 'connection_use.tls'),
            })),
          )
          .execute()
      const old = clock() - keptMs
      await trx
        .deleteFrom('connection_use')
        .where((e) => e(e.fn.coalesce('succeeded_at', e.lit(0)), '<', old))
        .where((e) => e(e.fn.coalesce('failed_at', e.lit(0)), '<', old))
        .execute()
    })
    for (const name of names) waiting.delete(name)
  }

  return {
    note: (connection, { failure, address = null, tls = null }) => {
      const before = seen.get(connection)
      if (!before && seen.size >= mostWaiting) return
      const now = clock()
      const state = failure === null ? 'ok' : 'failed'
      seen.set(connection, {
        succeededAt: failure === null ? now : (before?.succeededAt ?? null),
        failedAt: failure === null ? (before?.failedAt ?? null) : now,
        failure: failure === null ? (before?.failure ?? null) : failure.slice(0, longest),
        address: address ?? before?.address ?? null,
        tls: address === null ? (before?.tls ?? null) : tls,
        written: state,
      })
      waiting.add(connection)
      plan(before?.written === state && state === 'ok' ? laterMs : soonMs)
    },
    list: async () => {
      await flush()
      const rows = await db.read.selectFrom('connection_use').selectAll().execute()
      const number = (value: number | null): number | null => (value === null ? null : Number(value))
      return new Map(
        rows.map((row) => [
          row.connection,
          {
            succeededAt: number(row.succeeded_at),
            failedAt: number(row.failed_at),
            failure: row.failure,
            address: row.address,
            tls: row.tls,
          },
        ]),
      )
    },
    flush,
  }
}
