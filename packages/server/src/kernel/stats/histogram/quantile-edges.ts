import type { Numbers } from '../types.ts'

/** The p-quantile of sorted values, linear between neighbours (as NumPy's default). */
export function quantileOfSorted(sorted: Numbers, p: number): number {
  if (sorted.length === 0) return Number.NaN
  const position = p * (sorted.length - 1)
  const index = Math.floor(position)
  const low = sorted[index] as number
  if (index + 1 >= sorted.length) return low
  return low + ((sorted[index + 1] as number) - low) * (position - index)
}

/**
 * Edges of up to `bins` bins with about equal shares of a training column, to be kept and used for every later window.
 * Equal quantiles collapse, so a column with few distinct values gets fewer bins; NaN is left out.
 */
export function quantileEdges(values: Numbers, bins: number): number[] {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const edges: number[] = []
  for (let i = 1; i < bins; i++) {
    const edge = quantileOfSorted(sorted, i / bins)
    const smallest = sorted[0] as number
    if (edge > smallest && (edges.length === 0 || edge > (edges.at(-1) as number))) edges.push(edge)
  }
  return edges
}
