import { DatabaseSync } from 'node:sqlite'
import {
  conflictClause,
  type Database,
  type OnConflict,
  type Reader,
  type SqlValue,
  type Trx,
} from '../../kernel/db/database.ts'
import { GroupCommitWriter } from './group-commit-writer.ts'
import { kyselyOn, NodeSqliteConnection } from './node-sqlite-dialect.ts'
import { ReaderThreads } from './reader-threads.ts'
import { addTextFunctions } from './text-functions.ts'

/** SQLite in WAL mode with `synchronous=FULL`: one writer with group commit, one read-only connection for short reads, reader threads for long ones. */
export async function openSqlite({
  path,
  synchronous = 'full',
}: {
  path: string
  synchronous?: 'full' | 'off'
}): Promise<Database> {
  const writerConnection = new NodeSqliteConnection(open(path, false))
  writerConnection.raw.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma foreign_keys = on`)
  const writer = new GroupCommitWriter(writerConnection)
  const readKysely = kyselyOn(new NodeSqliteConnection(open(path, true)))
  const threads = new ReaderThreads(path)
  const slowThreads = new ReaderThreads(path)
  return {
    dialect: 'sqlite',
    write: { transaction: () => ({ execute: (work) => writer.run(work) }) },
    read: readKysely as unknown as Reader,
    later: async (trx, query) => void (await trx.executeQuery(query)),
    bulkInsert: async (_trx, table, columns, rows, options) =>
      bulkInsert(writerConnection, table, columns, rows, options),
    offload: ({ slow, ...task }) => (slow ? slowThreads : threads).run(task),
    onBeforeCommit: (hook) => writer.onBeforeCommit(hook),
    onCommitted: (listener) => writer.onCommitted(listener),
    close: async () => {
      await writer.idle()
      await Promise.all([threads.close(), slowThreads.close()])
      await readKysely.destroy()
      writerConnection.raw.exec('pragma wal_checkpoint(truncate)')
      writerConnection.raw.close()
    },
  }
}

function open(path: string, readOnly: boolean): DatabaseSync {
  const raw = new DatabaseSync(path, { readOnly })
  raw.exec('pragma busy_timeout = 5000; pragma cache_size = -16000; pragma temp_store = memory')
  addTextFunctions(raw)
  return raw
}

const texts = new WeakMap<readonly string[], Map<string, string>>()

/** The text of an insert; that of a list of columns that lasts is made once. */
function insertText(table: string, columns: readonly string[], onConflict: OnConflict | undefined): string {
  const known = texts.get(columns) ?? new Map<string, string>()
  const key = `${table} ${JSON.stringify(onConflict)}`
  let text = known.get(key)
  if (text === undefined) {
    const places = columns.map(() => '?').join(', ')
    text = `insert into "${table}" (${columns.map((c) => `"${c}"`).join(', ')}) values (${places})${conflictClause(columns, onConflict)}`
    texts.set(columns, known.set(key, text))
  }
  return text
}

function bulkInsert(
  connection: NodeSqliteConnection,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  options?: { onConflict?: OnConflict },
): number {
  if (rows.length === 0) return 0
  const statement = connection.prepare(insertText(table, columns, options?.onConflict))
  let inserted = 0
  for (const row of rows) inserted += Number(statement.run(...(row as SqlValue[])).changes)
  return inserted
}

export type { Trx }
