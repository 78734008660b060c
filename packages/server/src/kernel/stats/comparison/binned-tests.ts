import { chiSquaredSurvival } from '../special/chi-squared.ts'
import { effectiveSize, type Numbers, type TwoSampleTest } from '../types.ts'
import { type PoolingOptions, poolSmallBins } from './pool-small-bins.ts'
import { hellingerDistance, jensenShannonDivergence, populationStabilityIndex } from './share-distances.ts'
import { sharesOf, totalOf } from './shares-of.ts'

type Shares = (p: Float64Array, q: Float64Array) => number

/**
 * A distance of two histograms as a test: bins with few rows are pooled, shares smoothed by ½, and `scale` makes
 * Ne times the distance follow chi-squared with B − 1 degrees of freedom when nothing drifted.
 */
function testOf(
  reference: Numbers,
  current: Numbers,
  options: PoolingOptions,
  { distance, scale, effectOf }: { distance: Shares; scale: number; effectOf: (distance: number) => number },
): TwoSampleTest {
  const n = { reference: totalOf(reference), current: totalOf(current) }
  if (n.reference === 0 || n.current === 0) {
    return { effect: Number.NaN, statistic: 0, pValue: 1, n, degreesOfFreedom: 0 }
  }
  const pooled = poolSmallBins(reference, current, options)
  const value = distance(sharesOf(pooled.reference, 0.5), sharesOf(pooled.current, 0.5))
  const statistic = scale * effectiveSize(n) * value
  const degreesOfFreedom = pooled.reference.length - 1
  return {
    effect: effectOf(value),
    statistic,
    pValue: chiSquaredSurvival(statistic, degreesOfFreedom),
    n,
    degreesOfFreedom,
  }
}

/** Population stability index of two histograms over the same bins, with its p-value (Ne·PSI is chi-squared). */
export function psiTest(reference: Numbers, current: Numbers, options: PoolingOptions = {}): TwoSampleTest {
  return testOf(reference, current, options, { distance: populationStabilityIndex, scale: 1, effectOf: (d) => d })
}

/** Jensen–Shannon distance (nats) of two histograms over the same bins, with its p-value (8·Ne·divergence is chi-squared). */
export function jensenShannonTest(reference: Numbers, current: Numbers, options: PoolingOptions = {}): TwoSampleTest {
  return testOf(reference, current, options, { distance: jensenShannonDivergence, scale: 8, effectOf: Math.sqrt })
}

/** Hellinger distance of two histograms over the same bins, with its p-value (8·Ne·H² is chi-squared). */
export function hellingerTest(reference: Numbers, current: Numbers, options: PoolingOptions = {}): TwoSampleTest {
  return testOf(reference, current, options, {
    distance: (p, q) => hellingerDistance(p, q) ** 2,
    scale: 8,
    effectOf: Math.sqrt,
  })
}
