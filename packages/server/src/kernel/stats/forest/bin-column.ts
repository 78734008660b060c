import type { Numbers } from '../types.ts'

const mostBins = 64

/** A column of a table as a forest reads it. Null is missing. */
export type ForestColumn =
  | { readonly type: 'number'; readonly values: readonly (number | null)[] }
  | { readonly type: 'category'; readonly values: readonly (string | null)[] }

/** A column whose values are small whole numbers: of a number in order, of a category without one. */
export interface BinnedColumn {
  readonly ordered: boolean
  /** How many bins there are. */
  readonly size: number
  readonly bins: Uint8Array
}

/**
 * Puts the values of a column into at most 64 bins: each value has its own while there are few; more numbers share bins of about equal counts,
 * and of more categories the rarest share one. Missing values are a bin of their own, below the smallest number.
 */
export function binColumn(column: ForestColumn): BinnedColumn {
  return column.type === 'number' ? binNumbers(column.values) : binCategories(column.values)
}

function binNumbers(values: readonly (number | null)[]): BinnedColumn {
  const sorted = values.flatMap((value) => value ?? []).toSorted((a, b) => a - b)
  const edges = [...new Set(sorted)]
  const missing = sorted.length < values.length ? 1 : 0
  const most = mostBins - missing
  const upper = edges.length <= most ? edges : quantiles(sorted, most)
  return {
    ordered: true,
    size: upper.length + missing,
    bins: Uint8Array.from(values, (value) => (value === null ? 0 : missing + firstNotBelow(upper, value))),
  }
}

/** The greatest value of each of so many bins. */
function quantiles(sorted: readonly number[], bins: number): number[] {
  const upper = Array.from(
    { length: bins },
    (_, at) => sorted[Math.ceil(((at + 1) * sorted.length) / bins) - 1] as number,
  )
  return [...new Set(upper)]
}

function firstNotBelow(sorted: Numbers, value: number): number {
  let [low, high] = [0, sorted.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

function binCategories(values: readonly (string | null)[]): BinnedColumn {
  const counts = new Map<string | null, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const ranked = [...counts].toSorted(([a, n], [b, m]) => m - n || String(a).localeCompare(String(b)))
  const binOf = new Map(ranked.map(([value], at) => [value, Math.min(at, mostBins - 1)]))
  return {
    ordered: false,
    size: Math.min(ranked.length, mostBins),
    bins: Uint8Array.from(values, (value) => binOf.get(value) ?? 0),
  }
}
