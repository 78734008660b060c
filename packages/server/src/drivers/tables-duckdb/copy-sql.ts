import type { TableColumn, TableFormat } from '../../kernel/ports/table-engine.ts'
import { quoteName, quoteText } from './quote.ts'

/** Options that make the bytes of a file a function of its rows and their order. */
const options: Record<TableFormat, string> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, PARQUET_VERSION v1',
  csv: `FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'`,
  ndjson: `FORMAT json, ARRAY false, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'`,
}

const defaultGroupRows = 122_880

/** COPY of a statement that was found to be one SELECT. */
export function copySql(
  sql: string,
  columns: readonly TableColumn[],
  output: { path: string; format: TableFormat; groupRows?: number },
): string {
  const select = sql.replace(/[\s;]+$/, '')
  const binary = output.format === 'parquet' ? [] : columns.filter(({ type }) => type === 'binary')
  const encoded = binary.map(({ name }) => `to_base64(${quoteName(name)}) AS ${quoteName(name)}`).join(', ')
  const source = encoded === '' ? select : `SELECT * REPLACE (${encoded}) FROM (\n${select}\n)`
  const group = output.format === 'parquet' ? `, ROW_GROUP_SIZE ${output.groupRows ?? defaultGroupRows}` : ''
  return `COPY (\n${source}\n) TO ${quoteText(output.path)} (${options[output.format]}${group})`
}
