import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database, OffloadedRead, Reader, SqlValue, Tables, Trx } from '../../kernel/db/database.ts'
import { explainDatabaseError } from '../../kernel/db/database-errors.ts'
import { gatheringPool, markLater } from './gathering-pool.ts'
import { postgresBulkInsert } from './postgres-bulk-insert.ts'
import { createPostgresChannel } from './postgres-channel.ts'

const int8 = 20
const numeric = 1700

/** Postgres through one pool. Long reads run in place: the work is in the database, not on the main thread. */
export async function openPostgres({
  url,
  poolSize = 10,
  idleTransactionMs = 30_000,
}: {
  url: string
  poolSize?: number
  /** A transaction in which nothing is asked for so long is ended by the database: a server that hangs must not hold what the others need. */
  idleTransactionMs?: number
}): Promise<Database> {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === int8 || oid === numeric ? Number : pg.types.getTypeParser(oid, format as 'text'),
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types: types as unknown as pg.CustomTypesConfig,
    idle_in_transaction_session_timeout: idleTransactionMs,
  })
  // An idle client that loses its server reports here; the next query gets its own error.
  pool.on('error', () => {})
  // A client that is in use reports here too, beside the failed query; unheard it would end the program.
  pool.on('connect', (client) => client.on('error', () => {}))
  const channel = createPostgresChannel(url)
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: gatheringPool(pool) }) })
  const committed = new Set<(trx?: Trx) => void>()
  const later = async (trx: Trx, query: CompiledQuery): Promise<void> =>
    void (await trx.executeQuery({ ...query, sql: markLater(query.sql) }))
  return {
    dialect: 'postgres',
    write: {
      transaction: () => ({
        execute: async (work) => {
          let done: Trx | undefined
          const result = await kysely
            .transaction()
            .execute((trx) => {
              done = trx
              return work(trx)
            })
            .catch((error) => {
              throw explainDatabaseError(error)
            })
          for (const listener of committed) listener(done)
          return result
        },
      }),
    },
    read: kysely as unknown as Reader,
    later,
    bulkInsert: (trx, table, columns, rows, options) =>
      postgresBulkInsert(trx, later, table, columns, rows as readonly (readonly SqlValue[])[], options),
    offload: async ({ module, name, input }) => {
      const read = ((await import(module.href)) as Record<string, OffloadedRead>)[name]
      if (!read) throw new Error(`Module ${module.href} exports no function ${name}.`)
      const result = await read(kysely as unknown as Reader, input, 'postgres')
      return typeof result === 'string' ? new TextEncoder().encode(result) : result
    },
    // Postgres has no single writer: its sequencer is a leader that reads committed rows (see kernel/events/sequencer.ts).
    onBeforeCommit: () => {},
    onCommitted: (listener) => {
      committed.add(listener)
      return () => committed.delete(listener)
    },
    channel,
    close: async () => {
      await channel.close()
      await kysely.destroy()
    },
  }
}
