import type { TableColumn, TableResult } from '../ports/table-engine.ts'
import { sourceSql, sqlNumber, sqlNumbers, sqlText } from './column-sql.ts'
import { parseBins, roundTo } from './parse-profile.ts'
import type { ColumnCounts, ColumnProfile, NumericBins, Profile, ProfileWindow } from './profile.ts'

export type WindowInput = {
  /** The relation's name in the query. */
  table: string
  /** Only rows for which this SQL condition holds. */
  where?: string
  /** SQL expression whose values divide the rows into windows; one row of the result for each, in its order. Without it there is one window. */
  by?: string
}

type CountsRow = {
  count: number
  finite?: number
  min?: number | null
  max?: number | null
  mean?: number | null
  std?: number | null
  binsUnder?: number
  bins?: number[] | null
  histogramUnder?: number
  histogram?: number[] | null
  top?: (number | null)[] | null
  empty?: number
}

/** One statement that counts a window's values into the bins and categories of the reference, in one pass over the rows; `parseWindows` reads its result. */
export function windowHistogramSql(profile: Profile, { table, where, by }: WindowInput): string {
  const columns: TableColumn[] = profile.columns.map(({ name, type }) => ({ name, type }))
  const structs = profile.columns.map((column, index) => `${columnSql(column, index)} AS c${index}`)
  const grouping = by === undefined ? '' : ' GROUP BY window_by ORDER BY window_by'
  const selected = [by === undefined ? 'NULL AS window_by' : 'window_by', 'count(*) AS rows', ...structs]
  return `SELECT ${selected.join(', ')} FROM ${sourceSql({ table, columns, ...(where !== undefined && { where }), ...(by !== undefined && { by }) })}${grouping}`
}

function columnSql(column: ColumnProfile, i: number): string {
  const fields = [`'count': count(r${i})`]
  if (column.kind === 'numeric' || column.kind === 'temporal') {
    fields.push(
      `'finite': count(x${i})`,
      `'min': min(x${i})`,
      `'max': max(x${i})`,
      `'mean': avg(x${i})`,
      `'std': stddev_samp(x${i})`,
    )
    if (column.bins) fields.push(...binsSql('bins', column.bins, i))
    if (column.histogram) fields.push(...binsSql('histogram', column.histogram, i))
  }
  if (column.top) {
    // The engine counts what is none of the values under the empty text, so that value is counted apart.
    const values = column.top.filter(({ value }) => value !== '').map(({ value }) => sqlText(value))
    fields.push(`'empty': count(*) FILTER (x${i} = '')`)
    if (values.length > 0) {
      const list = `[${values.join(', ')}]`
      fields.push(`'top': (SELECT [h[v] for v in ${list}] FROM (SELECT histogram_exact(x${i}, ${list}) AS h))`)
    }
  }
  return `{${fields.join(', ')}}`
}

function binsSql(name: 'bins' | 'histogram', bins: NumericBins, i: number): string[] {
  const [from, ...uppers] = bins.edges
  return [
    `'${name}Under': count(*) FILTER (x${i} < ${sqlNumber(from as number)})`,
    `'${name}': map_values(histogram(x${i}, ${sqlNumbers(uppers)}))`,
  ]
}

/** Reads the rows that `windowHistogramSql` of the same profile returned. */
export function parseWindows(profile: Profile, result: TableResult): ProfileWindow[] {
  return result.rows.map(([by, rows, ...structs]) => ({
    by,
    rows: Number(rows),
    columns: profile.columns.map((column, index) => parseColumn(column, Number(rows), structs[index] as CountsRow)),
  }))
}

function parseColumn(column: ColumnProfile, rows: number, found: CountsRow): ColumnCounts {
  const top = column.top && parseTop(column.top, found)
  return {
    name: column.name,
    kind: column.kind,
    count: found.count,
    nulls: rows - found.count,
    nonFinite: found.count - (found.finite ?? found.count),
    min: found.min ?? null,
    max: found.max ?? null,
    mean: roundTo(10, found.mean),
    std: roundTo(9, found.std),
    bins: column.bins && binsOf(column.bins, found.binsUnder ?? 0, found.bins ?? null),
    histogram: column.histogram && binsOf(column.histogram, found.histogramUnder ?? 0, found.histogram ?? null),
    top,
    other: top && found.count - top.reduce((sum, { count }) => sum + count, 0),
  }
}

function binsOf(reference: NumericBins, under: number, counts: number[] | null): NumericBins {
  const [from, ...uppers] = reference.edges
  return parseBins({ from: from as number, uppers, under, counts })
}

function parseTop(reference: readonly { value: string }[], found: CountsRow): { value: string; count: number }[] {
  let next = 0
  return reference.map(({ value }) => ({
    value,
    count: value === '' ? (found.empty ?? 0) : (found.top?.[next++] ?? 0),
  }))
}
