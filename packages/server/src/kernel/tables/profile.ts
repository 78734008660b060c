import type { TableType } from '../ports/table-engine.ts'

/**
 * Counts between edges: bin i holds `edges[i] < x <= edges[i+1]`, the first also `x = edges[0]` (two equal first edges make a bin for that value alone).
 * `under` and `over` lie outside the edges.
 */
export type NumericBins = { edges: number[]; counts: number[]; under: number; over: number }

/** A value of a categorical column (cut to 200 characters) and how many rows have it. */
export type ValueCount = { value: string; count: number }

/**
 * How a column is profiled: `numeric`; `temporal` (as milliseconds UTC); `categorical` (text and booleans, by value); `opaque` (JSON and binary: only nulls are counted).
 */
export type ProfileKind = 'numeric' | 'temporal' | 'categorical' | 'opaque'

/** Counts and moments, of a reference or of a window. */
export type ColumnCounts = {
  name: string
  kind: ProfileKind
  /** Rows with a value. */
  count: number
  nulls: number
  /** Of `count`: NaN, infinities and what is beyond ±1e150; they are in none of the numbers below. */
  nonFinite: number
  min: number | null
  max: number | null
  mean: number | null
  /** Sample standard deviation; null below two values. */
  std: number | null
  /** For drift: between the reference's quantiles. */
  bins: NumericBins | null
  /** For charts: equal widths between the reference's 1 % and 99 % quantiles. */
  histogram: NumericBins | null
  /** The reference's most frequent values, by falling count there. */
  top: ValueCount[] | null
  /** Rows with a value that is not among `top`. */
  other: number | null
}

/** What a column of the reference data looks like. */
export type ColumnProfile = ColumnCounts & {
  type: TableType
  /** Number of different values: exact for categorical columns, an estimate (tens of percent off) for others. */
  distinct: number | null
  /** Values at the profile's `quantilePoints`: values of the column, those of type number to 12 digits; null when the column has no finite values. */
  quantiles: number[] | null
}

/** What a table looks like; the reference that windows are compared with. The same rows give the same profile. */
export type Profile = { schema: 1; rows: number; quantilePoints: number[]; columns: ColumnProfile[] }

/** A window's values, counted into the bins and categories of a reference profile. `by` is the window's value of the grouping expression. */
export type ProfileWindow = { by: unknown; rows: number; columns: ColumnCounts[] }

/** The points at which quantiles are taken: every 5 %, and 1 % and 99 %. */
export const quantilePoints: readonly number[] = [
  0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95,
  0.99, 1,
]

/** How many of a column's most frequent values a profile keeps. */
export const topValues = 20

export function profileKind(type: TableType): ProfileKind {
  switch (type) {
    case 'integer':
    case 'number':
      return 'numeric'
    case 'timestamp':
    case 'date':
      return 'temporal'
    case 'string':
    case 'boolean':
      return 'categorical'
    case 'json':
    case 'binary':
      return 'opaque'
  }
}
