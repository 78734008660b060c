import { quantileOfSorted } from '../histogram/quantile-edges.ts'
import { normalCdf } from '../special/normal.ts'
import { studentTQuantile } from '../special/student-t.ts'
import type { Interval } from '../types.ts'
import type { BlockedMetric } from './blocked-metric.ts'
import { createRandom } from './random.ts'

/** How to resample. The same seed gives the same interval to the last bit. */
export interface BootstrapOptions {
  readonly seed: number | string
  /** 2,000 unless told. */
  readonly resamples?: number
  /** 0.95 unless told. */
  readonly level?: number
  /**
   * Widens the percentiles as Student's t does for few blocks (true unless told): the plain percentile interval of 7
   * blocks covers about 86 % instead of 95 %.
   */
  readonly expanded?: boolean
}

/** A number with what resampling whole blocks says about its uncertainty. */
export interface BootstrapEstimate {
  readonly estimate: number
  readonly interval: Interval
  readonly standardError: number
  readonly rows: number
  readonly blocks: number
  /** Resamples in which the value was defined. */
  readonly resamples: number
}

/** The share of resamples cut off at each end. */
function tailOf(blocks: number, level: number, expanded: boolean): number {
  const tail = (1 - level) / 2
  if (!expanded) return tail
  return normalCdf(-Math.sqrt(blocks / (blocks - 1)) * studentTQuantile(1 - tail, blocks - 1))
}

function standardDeviation(values: Float64Array): number {
  let mean = 0
  let m2 = 0
  values.forEach((value, i) => {
    const delta = value - mean
    mean += delta / (i + 1)
    m2 += delta * (value - mean)
  })
  return Math.sqrt(m2 / (values.length - 1))
}

function resample(
  value: (weights: Int32Array) => number,
  { rows, blocks, estimate }: { rows: number; blocks: number; estimate: number },
  { seed, resamples = 2000, level = 0.95, expanded = true }: BootstrapOptions,
): BootstrapEstimate {
  const random = createRandom(seed)
  const weights = new Int32Array(blocks)
  const all = new Float64Array(blocks < 2 ? 0 : resamples)
  let defined = 0
  for (let i = 0; i < all.length; i++) {
    weights.fill(0)
    for (let draw = 0; draw < blocks; draw++) {
      const block = random.below(blocks)
      weights[block] = (weights[block] as number) + 1
    }
    const replicate = value(weights)
    if (!Number.isNaN(replicate)) all[defined++] = replicate
  }
  const kept = all.subarray(0, defined).sort()
  const enough = blocks >= 2 && defined >= 0.9 * resamples
  const tail = enough ? tailOf(blocks, level, expanded) : 0
  const interval = enough
    ? { low: quantileOfSorted(kept, tail), high: quantileOfSorted(kept, 1 - tail), level }
    : { low: Number.NaN, high: Number.NaN, level }
  const standardError = enough ? standardDeviation(kept) : Number.NaN
  return { estimate, interval, standardError, rows, blocks, resamples: defined }
}

/**
 * The percentile interval of a metric by resampling blocks with replacement. With fewer than two blocks, or when the
 * metric is undefined in a tenth of the resamples, the interval is NaN at both ends.
 */
export function bootstrapMetric(metric: BlockedMetric, options: BootstrapOptions): BootstrapEstimate {
  return resample((weights) => metric.valueUnder(weights), metric, options)
}

/**
 * The interval of candidate − champion on the same rows: each resample draws the same blocks for both, so what is
 * common to both (a hard day) cancels.
 */
export function bootstrapDifference(
  { candidate, champion }: { candidate: BlockedMetric; champion: BlockedMetric },
  options: BootstrapOptions,
): BootstrapEstimate {
  if (candidate.rows !== champion.rows || candidate.blocks !== champion.blocks) {
    throw new RangeError('Candidate and champion must be measured on the same rows, in the same blocks.')
  }
  return resample(
    (weights) => candidate.valueUnder(weights) - champion.valueUnder(weights),
    { rows: candidate.rows, blocks: candidate.blocks, estimate: candidate.estimate - champion.estimate },
    options,
  )
}
