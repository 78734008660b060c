import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

type Value = string | number | bigint | null
/** Inserts a row; with `ignore` one that is there already stays. */
export type Insert = (table: string, row: Readonly<Record<string, Value>>, ignore?: boolean) => void

/** Inserts rows; columns that this version of MLflow does not have are left out. */
export function inserter(db: DatabaseSync): Insert {
  const statements = new Map<string, { run: (values: Value[]) => void; columns: string[] }>()
  return (table, row, ignore = false) => {
    const key = `${table} ${ignore} ${Object.keys(row).join()}`
    let found = statements.get(key)
    if (!found) {
      const there = new Set(
        (db.prepare('select name from pragma_table_info(?)').all(table) as { name: string }[]).map(({ name }) => name),
      )
      const columns = Object.keys(row).filter((column) => there.has(column))
      const statement = db.prepare(
        `insert ${ignore ? 'or ignore ' : ''}into ${table} (${columns.map((one) => `"${one}"`).join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      )
      found = { columns, run: (values) => void statement.run(...values) }
      statements.set(key, found)
    }
    found.run(found.columns.map((column) => row[column] ?? null))
  }
}

/** An id that is the same for the same content. */
export const uuidOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
