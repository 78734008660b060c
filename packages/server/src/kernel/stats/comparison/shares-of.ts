import type { Numbers } from '../types.ts'

/** The sum of a vector of counts. */
export function totalOf(counts: Numbers): number {
  let total = 0
  for (let i = 0; i < counts.length; i++) total += counts[i] as number
  return total
}

/**
 * Counts as shares of their sum. `smoothing` is added to every count first: ½ (Jeffreys' prior) keeps logarithms
 * finite when a bin is empty and gives the binned tests their stated size.
 */
export function sharesOf(counts: Numbers, smoothing = 0): Float64Array {
  const total = totalOf(counts) + smoothing * counts.length
  return Float64Array.from(counts, (count) => (count + smoothing) / total)
}
