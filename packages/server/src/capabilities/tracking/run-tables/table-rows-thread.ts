import { readFile } from 'node:fs/promises'
import type { Reader } from '../../../kernel/db/index.ts'
import type { TableColumn } from '../../../kernel/ports/index.ts'

const mostColumns = 2000

/** What was made of a JSON table: its columns and then its rows as JSON lines (`c0`, `c1`, …), or why it is none. */
export type TableHead =
  | { readonly columns: readonly TableColumn[]; readonly rows: number }
  | { readonly problem: string }

/** Reads a table as `mlflow.log_table` writes it (`columns` and `data`), or a list of objects. Runs on a reader thread, because the file is parsed whole. */
export async function tableRowBytes(_db: Reader, { path }: { readonly path: string }): Promise<string> {
  const table = tableOf(await readFile(path, 'utf8'))
  if ('problem' in table) return `${JSON.stringify(table)}\n`
  const { names, data } = table
  const columns = names.map((name, at): TableColumn => ({ name, type: typeOf(data, at) }))
  const lines = data.map((row) => JSON.stringify(Object.fromEntries(names.map((_, at) => [`c${at}`, row[at] ?? null]))))
  return [JSON.stringify({ columns, rows: data.length }), ...lines, ''].join('\n')
}

function tableOf(text: string): { names: string[]; data: unknown[][] } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'is no JSON' }
  }
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown }
  const split = Array.isArray(columns) && Array.isArray(data)
  const records = Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null)
  if (!split && !records) return { problem: 'is no table: it has no columns and data' }
  const names = split
    ? columns.map((name) => (typeof name === 'string' ? name : JSON.stringify(name)))
    : [...new Set((value as object[]).flatMap((row) => Object.keys(row)))]
  if (names.length === 0) return { problem: 'has no columns' }
  if (names.length > mostColumns) return { problem: `has more than ${mostColumns} columns` }
  const rows = split
    ? data
    : (value as Record<string, unknown>[]).map((row) =>
        names.map((name) => (Object.hasOwn(row, name) ? row[name] : null)),
      )
  if (!rows.every((row) => Array.isArray(row))) return { problem: 'is no table: its data are not rows' }
  return { names, data: rows }
}

/** The type that all values of a column have; JSON where they differ. */
function typeOf(data: readonly unknown[][], at: number): TableColumn['type'] {
  const types = new Set(data.flatMap((row) => (row[at] === null || row[at] === undefined ? [] : [typeof row[at]])))
  const [type] = types
  if (types.size === 1 && type === 'number')
    return data.every((row) => row[at] === null || row[at] === undefined || Number.isSafeInteger(row[at]))
      ? 'integer'
      : 'number'
  if (types.size !== 1) return types.size === 0 ? 'string' : 'json'
  return type === 'boolean' || type === 'string' ? type : 'json'
}
