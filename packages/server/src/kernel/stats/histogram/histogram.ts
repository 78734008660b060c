import type { Numbers } from '../types.ts'

/**
 * Counts of a numeric column over fixed edges, as plain JSON. With edges e₁ < … < e_k there are k + 1 bins:
 * below e₁, [e₁, e₂), …, and e_k or more, so every finite number has a bin. `missing` counts nulls and NaN apart,
 * `range` is the smallest and largest value seen, or null when there was none.
 */
export interface Histogram {
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly missing: number
  readonly range: { readonly min: number; readonly max: number } | null
}

/** The bin of a value: the number of edges at or below it. */
export function binOf(edges: Numbers, value: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** Counts values over fixed edges; NaN counts as missing. */
export function histogramOf(values: Numbers, edges: readonly number[]): Histogram {
  const counts = new Array<number>(edges.length + 1).fill(0)
  const sortedEdges = Float64Array.from(edges)
  let missing = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) {
      missing++
      continue
    }
    if (value < min) min = value
    if (value > max) max = value
    const bin = binOf(sortedEdges, value)
    counts[bin] = (counts[bin] as number) + 1
  }
  return { edges, counts, missing, range: min <= max ? { min, max } : null }
}

/** The histogram of both samples together. The edges must be the same. Any order of merging gives the same result. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  if (a.edges.length !== b.edges.length || a.edges.some((edge, i) => edge !== b.edges[i])) {
    throw new RangeError('Histograms with different edges cannot be merged; count both over the same edges.')
  }
  const range =
    a.range && b.range
      ? { min: Math.min(a.range.min, b.range.min), max: Math.max(a.range.max, b.range.max) }
      : (a.range ?? b.range)
  return {
    edges: a.edges,
    counts: a.counts.map((count, i) => count + (b.counts[i] as number)),
    missing: a.missing + b.missing,
    range,
  }
}
