import { type Numbers, requireSameLength } from '../types.ts'
import { totalOf } from './shares-of.ts'

/** Counts of two samples over the same bins. */
export interface BinnedPair {
  readonly reference: Float64Array
  readonly current: Float64Array
}

/** How bins with too few expected rows are merged. */
export interface PoolingOptions {
  /** The least count that each sample must be expected to have in a bin; 5 unless told. */
  readonly minimumExpected?: number
  /** True when neighbours belong together (bins of a number), false when any two may be merged (categories). */
  readonly ordered?: boolean
}

interface Pool {
  reference: number
  current: number
}

function inOrder(pools: readonly Pool[], enough: (pool: Pool) => boolean): Pool[] {
  const merged: Pool[] = []
  let open: Pool = { reference: 0, current: 0 }
  for (const pool of pools) {
    open = { reference: open.reference + pool.reference, current: open.current + pool.current }
    if (!enough(open)) continue
    merged.push(open)
    open = { reference: 0, current: 0 }
  }
  const last = merged.at(-1)
  if (last) {
    last.reference += open.reference
    last.current += open.current
  } else merged.push(open)
  return merged
}

/**
 * The pool of rare categories stands by itself as soon as each sample is expected to hold one row in it (Cochran's
 * rule): joining it to a common category that vanished could hide a new one.
 */
function intoOne(pools: readonly Pool[], enough: (pool: Pool, minimum?: number) => boolean): Pool[] {
  const kept: Pool[] = []
  const rest: Pool = { reference: 0, current: 0 }
  for (const pool of pools) {
    if (enough(pool)) {
      kept.push(pool)
      continue
    }
    rest.reference += pool.reference
    rest.current += pool.current
  }
  kept.sort((a, b) => a.reference + a.current - b.reference - b.current)
  while (rest.reference + rest.current > 0 && !enough(rest, 1)) {
    const smallest = kept.shift()
    if (!smallest) break
    rest.reference += smallest.reference
    rest.current += smallest.current
  }
  return rest.reference + rest.current > 0 ? [...kept, rest] : kept
}

/**
 * Merges bins in which either sample is expected to hold fewer than five rows, so that the chi-squared limit of the
 * binned tests holds: ordered bins with their right neighbour, categories into one "all others" (which itself may
 * expect as little as one).
 */
export function poolSmallBins(reference: Numbers, current: Numbers, options: PoolingOptions = {}): BinnedPair {
  requireSameLength(reference, current, 'Binned samples')
  const { minimumExpected = 5, ordered = true } = options
  const n = totalOf(reference)
  const m = totalOf(current)
  const share = Math.min(n, m) / (n + m)
  const enough = (pool: Pool, minimum = minimumExpected): boolean =>
    (pool.reference + pool.current) * share >= Math.min(minimum, minimumExpected)
  const pools = Array.from(reference, (count, i) => ({ reference: count, current: current[i] as number }))
  const merged = ordered ? inOrder(pools, enough) : intoOne(pools, enough)
  return {
    reference: Float64Array.from(merged, (pool) => pool.reference),
    current: Float64Array.from(merged, (pool) => pool.current),
  }
}
