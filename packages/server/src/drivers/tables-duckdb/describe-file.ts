import { stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { DescribedTable, TableFormat } from '../../kernel/ports/table-engine.ts'
import { callError } from './call-error.ts'
import { quoteName, quoteText } from './quote.ts'
import { readFunctionSql } from './relation-views.ts'
import { tableTypeOf } from './table-types.ts'

/** Reads every value of a file once, so that what is broken inside shows here and not in a later query. */
export async function describeFile(
  connection: DuckDBConnection,
  file: { path: string; format: TableFormat },
): Promise<DescribedTable> {
  if ((await stat(file.path)).size === 0) throw callError('QUERY_FAILED', 'it is empty')
  await connection.run(
    `CREATE TEMP VIEW file AS SELECT * FROM ${readFunctionSql({ format: file.format, files: [file.path] }, true)}`,
  )
  const shape = await connection.run('SELECT * FROM file LIMIT 0')
  const names = shape.columnNames()
  const types = shape.columnTypes()
  const scan = names.map((name) => `count(${quoteName(name)}), bit_xor(hash(${quoteName(name)}))`).join(', ')
  const [counts = []] = (await connection.runAndReadAll(`SELECT count(*), ${scan} FROM file`)).getRows()
  const rows = Number(counts[0])
  const required = file.format === 'parquet' ? await requiredColumns(connection, file.path) : undefined
  return {
    rows,
    columns: types.map((type, index) => {
      const name = names[index] as string
      const nullable = required ? !required.has(name) : Number(counts[1 + 2 * index]) < rows
      return { name, type: tableTypeOf(type), nullable }
    }),
  }
}

/** Top-level columns that the Parquet schema declares as never null. */
async function requiredColumns(connection: DuckDBConnection, path: string): Promise<Set<string>> {
  const reader = await connection.runAndReadAll(
    `SELECT name, repetition_type, coalesce(num_children, 0) FROM parquet_schema(${quoteText(path)})`,
  )
  const required = new Set<string>()
  let descendants = 0
  for (const [name, repetition, children] of reader.getRows().slice(1)) {
    if (descendants === 0) {
      if (repetition === 'REQUIRED') required.add(String(name))
    } else {
      descendants--
    }
    descendants += Number(children)
  }
  return required
}
