import type { EgressConnection } from '@trivium/contract'
import type { Database } from '../db/index.ts'
import type { Logger } from '../logging/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    egress_allowance: EgressAllowanceTable
  }
}

/** An internal address that one connection may call. */
export interface EgressAllowanceTable {
  id: string
  connection: EgressConnection
  /** Host, host:port, address or network. */
  entry: string
  reason: string
  allowed_by: string
  allowed_at: number
}

/** What administrators have allowed, as the way out asks for it. */
export interface Allowances {
  of(connection: EgressConnection): Promise<readonly string[]>
  /** Looks again before the next call. */
  changed(): void
}

/** How long a change on another server may go unseen. */
const freshMs = 2000

export function createAllowances({ db, logger }: { db: Database; logger: Logger }): Allowances {
  let known: ReadonlyMap<EgressConnection, readonly string[]> = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const read = async (): Promise<void> => {
    const started = performance.now()
    const rows = await db.read.selectFrom('egress_allowance').select(['connection', 'entry']).execute()
    known = new Map(
      [...Map.groupBy(rows, (row) => row.connection)].map(([of, all]) => [of, all.map((one) => one.entry)]),
    )
    readAt = started
  }
  return {
    of: async (connection) => {
      if (performance.now() - readAt > freshMs)
        // What was allowed a moment ago will do while the database is away; at the start nothing is.
        await (reading ??= read()
          .catch((error: unknown) => logger.warn({ err: error }, 'allowed addresses could not be read'))
          .finally(() => {
            reading = undefined
          }))
      return known.get(connection) ?? []
    },
    changed: () => {
      readAt = Number.NEGATIVE_INFINITY
    },
  }
}
