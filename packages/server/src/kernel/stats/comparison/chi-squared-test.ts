import { chiSquaredSurvival } from '../special/chi-squared.ts'
import type { Numbers, TwoSampleTest } from '../types.ts'
import { type PoolingOptions, poolSmallBins } from './pool-small-bins.ts'
import { totalOf } from './shares-of.ts'

/** Pearson's statistic of a 2×k table; columns without any row do not count. */
function pearson(reference: Float64Array, current: Float64Array): { statistic: number; columns: number } {
  const n = totalOf(reference)
  const m = totalOf(current)
  let statistic = 0
  let columns = 0
  for (let i = 0; i < reference.length; i++) {
    const a = reference[i] as number
    const b = current[i] as number
    if (a + b === 0) continue
    columns++
    const gap = a * m - b * n
    statistic += ((gap / n) * (gap / m)) / (a + b)
  }
  return { statistic, columns }
}

/**
 * Chi-squared test of homogeneity: were two samples drawn from the same categories? Both samples count as random
 * (the reference is not taken for the truth), and categories with fewer than five expected rows are pooled.
 * `effect` is Cramér's V, between 0 and 1.
 */
export function chiSquaredTest(reference: Numbers, current: Numbers, options: PoolingOptions = {}): TwoSampleTest {
  const n = { reference: totalOf(reference), current: totalOf(current) }
  if (n.reference === 0 || n.current === 0) {
    return { effect: Number.NaN, statistic: 0, pValue: 1, n, degreesOfFreedom: 0 }
  }
  const pooled = poolSmallBins(reference, current, { ordered: false, ...options })
  const { statistic, columns } = pearson(pooled.reference, pooled.current)
  const degreesOfFreedom = Math.max(0, columns - 1)
  return {
    effect: Math.sqrt(statistic / (n.reference + n.current)),
    statistic,
    pValue: chiSquaredSurvival(statistic, degreesOfFreedom),
    n,
    degreesOfFreedom,
  }
}
