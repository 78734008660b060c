import type { DuckDBResult } from '@duckdb/node-api'
import type { TableResult } from '../../kernel/ports/table-engine.ts'
import { callError } from './call-error.ts'
import { plainReader } from './plain-value.ts'
import { tableTypeOf } from './table-types.ts'

const maxResultBytes = 64_000_000

/** Reads a streamed result to its end, or to the error that it is too large. */
export async function readRows(result: DuckDBResult, maxRows: number, checkpoint: () => void): Promise<TableResult> {
  const names = result.columnNames()
  const types = result.columnTypes()
  const readers = types.map(plainReader)
  const rows: unknown[][] = []
  let bytes = 0
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    checkpoint()
    const first = rows.length
    if (first + chunk.rowCount > maxRows) throw callError('TOO_MANY_ROWS', maxRows)
    for (let row = 0; row < chunk.rowCount; row++) rows.push(new Array(names.length))
    for (const [column, read] of readers.entries()) {
      const values = chunk.getColumnValues(column)
      for (let row = 0; row < values.length; row++) {
        const plain = read(values[row] ?? null)
        bytes += sizeOf(plain)
        const target = rows[first + row] as unknown[]
        target[column] = plain
      }
    }
    if (bytes > maxResultBytes) throw callError('RESULT_TOO_LARGE', maxResultBytes / 1_000_000)
  }
  return {
    columns: names.map((name, index) => ({ name, type: tableTypeOf(types[index] as (typeof types)[number]) })),
    rows,
  }
}

/** About the bytes of a value as JSON. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value !== 'object' || value === null) return 6
  let size = 2
  for (const [key, item] of Object.entries(value)) size += key.length + 4 + sizeOf(item)
  return size
}
