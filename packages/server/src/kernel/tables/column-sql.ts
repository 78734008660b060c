import type { TableColumn, TableType } from '../ports/table-engine.ts'
import { profileKind } from './profile.ts'

const maxCategoryLength = 200

/** A name as the table engine's SQL quotes it. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text literal of the table engine's SQL. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A DOUBLE literal that keeps every bit. */
export const sqlNumber = (value: number): string => `${sqlText(String(value))}::DOUBLE`

export const sqlNumbers = (values: readonly number[]): string => `[${values.map(sqlNumber).join(', ')}]`

/** Squares of larger numbers are no numbers; NaN compares as larger than everything. */
const countable = (column: string) => `abs(${column}::DOUBLE) <= 1e150`

/** The column as what its kind is counted by: a finite DOUBLE, or a category's text. */
function countedSql({ name, type }: { name: string; type: TableType }): string {
  const column = sqlName(name)
  switch (type) {
    case 'integer':
      return `${column}::DOUBLE`
    case 'number':
      return `CASE WHEN ${countable(column)} THEN ${column}::DOUBLE END`
    case 'timestamp':
    case 'date':
      return `CASE WHEN isfinite(${column}) THEN epoch_ms(${column}::TIMESTAMP)::DOUBLE END`
    default:
      return `left(${column}::VARCHAR, ${maxCategoryLength})`
  }
}

/**
 * A BIGINT that sorts like the column: the engine finds quantiles of integers several times faster than those of DOUBLEs. A logarithmic scale keeps
 * about 13 digits of small and of large values.
 */
function sortKeySql({ name, type }: TableColumn): string {
  const column = sqlName(name)
  switch (type) {
    case 'timestamp':
    case 'date':
      return `CASE WHEN isfinite(${column}) THEN epoch_ms(${column}::TIMESTAMP) END`
    case 'number':
      return `CASE WHEN ${countable(column)} THEN (sign(${column}::DOUBLE) * ln(1 + abs(${column}::DOUBLE)) * ${keyScale})::BIGINT END`
    default:
      return `TRY_CAST(${column} AS BIGINT)`
  }
}

const keyScale = 2 ** 52

/** The value behind a sort key, to 12 digits. */
export function keyValueSql(type: TableType, key: string): string {
  if (type !== 'number') return `${key}::DOUBLE`
  return `format('{:.12g}', sign(${key}) * (exp(abs(${key}) / ${keyScale}::DOUBLE) - 1))::DOUBLE`
}

/** `(SELECT …) AS source` with, for column i, `ri` (the column itself), `xi` (what is counted) and, when wanted, `ki` (a sort key of numbers). */
export function sourceSql(
  { table, columns, where, by }: { table: string; columns: readonly TableColumn[]; where?: string; by?: string },
  sortKeys = false,
): string {
  const selected = columns.flatMap((column, index) => {
    const kind = profileKind(column.type)
    const parts = [`${sqlName(column.name)} AS r${index}`]
    if (kind !== 'opaque') parts.push(`${countedSql(column)} AS x${index}`)
    if (sortKeys && (kind === 'numeric' || kind === 'temporal')) parts.push(`${sortKeySql(column)} AS k${index}`)
    return parts
  })
  if (by !== undefined) selected.push(`(${by}) AS window_by`)
  const filter = where === undefined ? '' : ` WHERE (${where})`
  return `(SELECT ${selected.length === 0 ? '1' : selected.join(', ')} FROM ${sqlName(table)}${filter}) AS source`
}
