import { DatabaseSync } from 'node:sqlite'
import type { SqlValue } from '../../kernel/db/database.ts'
import type { DatabaseSnapshot } from '../../kernel/ports/index.ts'

const rowsAtOnce = 2000

/** Reads a database in WAL mode beside the server that writes it: one read transaction, which sees the moment of its first read. */
export function snapshotSqlite({ path }: { path: string }): DatabaseSnapshot {
  const raw = new DatabaseSync(path, { readOnly: true })
  raw.exec('pragma busy_timeout = 5000; begin; select count(*) from sqlite_master')
  const names = () =>
    raw
      .prepare(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`)
      .all()
      .map((row) => String(row['name']))
  return {
    dialect: 'sqlite',
    tables: async () => names(),
    rows: async function* (table) {
      const columns = raw
        .prepare('select name from pragma_table_info(?) order by name')
        .all(table)
        .map((row) => String(row['name']))
      const statement = raw.prepare(`select ${columns.map((column) => `"${column}"`).join(', ')} from "${table}"`)
      let rows: SqlValue[][] = []
      for (const row of statement.iterate()) {
        rows.push(columns.map((column) => row[column] as SqlValue))
        if (rows.length < rowsAtOnce) continue
        yield { columns, rows }
        rows = []
      }
      yield { columns, rows }
    },
    close: async () => raw.close(),
  }
}
