import type { TableColumn, TableResult } from '../ports/table-engine.ts'
import type { ColumnProfile, NumericBins, Profile, ValueCount } from './profile.ts'
import { profileKind, quantilePoints } from './profile.ts'

type BinsRow = { from: number; uppers: number[]; under: number; counts: number[] | null }
type ColumnRow = {
  count: number
  distinct?: number
  finite?: number
  min?: number | null
  max?: number | null
  mean?: number | null
  std?: number | null
  quantiles?: number[] | null
  bins?: BinsRow
  histogram?: BinsRow
  top?: { distinct: number | null; values: ValueCount[] | null }
}

/** Reads the row that `profileSql` over the same columns returned. */
export function parseProfile(columns: readonly TableColumn[], result: TableResult): Profile {
  const [row] = result.rows
  if (!row || row.length !== columns.length + 1)
    throw new Error('The profile query returned another shape than its columns.')
  const rows = Number(row[0])
  return {
    schema: 1,
    rows,
    quantilePoints: [...quantilePoints],
    columns: columns.map((column, index) => parseColumn(column, rows, row[index + 1] as ColumnRow)),
  }
}

function parseColumn({ name, type }: TableColumn, rows: number, found: ColumnRow): ColumnProfile {
  const finite = found.finite ?? found.count
  const quantiles = found.quantiles ?? null
  const top = found.top ? (found.top.values ?? []) : null
  return {
    name,
    type,
    kind: profileKind(type),
    count: found.count,
    nulls: rows - found.count,
    nonFinite: found.count - finite,
    distinct: distinctOf(found),
    min: found.min ?? null,
    max: found.max ?? null,
    mean: roundTo(10, found.mean),
    std: roundTo(9, found.std),
    quantiles,
    bins: quantiles && found.bins ? parseBins(found.bins) : null,
    histogram: quantiles && found.histogram ? parseBins(found.histogram) : null,
    top,
    other: top && found.count - top.reduce((sum, { count }) => sum + count, 0),
  }
}

/** The engine's counts per upper bound (with one more when something lies above the last) as bins; the first count still has what lies under. */
export function parseBins({ from, uppers, under, counts }: BinsRow): NumericBins {
  const inner = uppers.map((_, index) => counts?.[index] ?? 0)
  inner[0] = (inner[0] ?? 0) - under
  return { edges: [from, ...uppers], counts: inner, under, over: counts?.[uppers.length] ?? 0 }
}

/** To so many digits. The last ones of a sum depend on how threads shared the rows; the same rows shall give the same profile. */
export function roundTo(digits: number, value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value.toPrecision(digits))
}

/** The engine's estimate may exceed the number of values. */
function distinctOf({ top, distinct, count }: ColumnRow): number | null {
  if (top) return top.distinct ?? 0
  return distinct === undefined ? null : Math.min(distinct, count)
}
