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
   * Widens the percentiles as Student's t does for few blocks (true unless told): measured on block means at 95 %, plain
   * percentiles cover 83 % with 5 blocks, 88 % with 7 and 92 % with 14; widened ones 91 %, 95 % and 95 %.
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

/** The values of some metrics in the same resamples: one array a metric. */
type Replicates = readonly Float64Array[]

/** Draws blocks with replacement and evaluates every metric on the same draw. */
function replicatesOf(metrics: readonly BlockedMetric[], { seed, resamples = 2000 }: BootstrapOptions): Replicates {
  const blocks = metrics[0]?.blocks ?? 0
  const random = createRandom(seed)
  const weights = new Int32Array(blocks)
  const replicates = metrics.map(() => new Float64Array(blocks < 2 ? 0 : resamples))
  for (let i = 0; blocks >= 2 && i < resamples; i++) {
    weights.fill(0)
    for (let draw = 0; draw < blocks; draw++) {
      const block = random.below(blocks)
      weights[block] = (weights[block] as number) + 1
    }
    metrics.forEach((metric, m) => {
      ;(replicates[m] as Float64Array)[i] = metric.valueUnder(weights)
    })
  }
  return replicates
}

/** The share of resamples cut off at each end. */
function tailOf(blocks: number, { level = 0.95, expanded = true }: BootstrapOptions): number {
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

function summarise(
  replicates: Float64Array,
  { estimate, rows, blocks }: Pick<BlockedMetric, 'estimate' | 'rows' | 'blocks'>,
  options: BootstrapOptions,
): BootstrapEstimate {
  const { level = 0.95 } = options
  const kept = replicates.filter((value) => !Number.isNaN(value)).sort()
  const resamples = kept.length
  if (blocks < 2 || resamples < 2 || resamples < 0.9 * replicates.length) {
    const interval = { low: Number.NaN, high: Number.NaN, level }
    return { estimate, interval, standardError: Number.NaN, rows, blocks, resamples }
  }
  const tail = tailOf(blocks, options)
  const interval = { low: quantileOfSorted(kept, tail), high: quantileOfSorted(kept, 1 - tail), level }
  return { estimate, interval, standardError: standardDeviation(kept), rows, blocks, resamples }
}

/**
 * The percentile interval of a metric by resampling blocks with replacement. With fewer than two blocks, or when the
 * metric is undefined in a tenth of the resamples, the interval is NaN at both ends.
 */
export function bootstrapMetric(metric: BlockedMetric, options: BootstrapOptions): BootstrapEstimate {
  const [values] = replicatesOf([metric], options)
  return summarise(values as Float64Array, metric, options)
}

/** Intervals of two metrics on the same rows and of their difference. */
export interface PairedEstimates {
  readonly candidate: BootstrapEstimate
  readonly champion: BootstrapEstimate
  /** Candidate − champion. */
  readonly difference: BootstrapEstimate
}

/**
 * The intervals of candidate, champion and candidate − champion on the same rows: each resample draws the same blocks
 * for both, so what is common to both (a hard day) cancels in the difference.
 */
export function bootstrapPair(
  { candidate, champion }: { candidate: BlockedMetric; champion: BlockedMetric },
  options: BootstrapOptions,
): PairedEstimates {
  if (candidate.rows !== champion.rows || candidate.blocks !== champion.blocks) {
    throw new RangeError('Candidate and champion must be measured on the same rows, in the same blocks.')
  }
  const [a, b] = replicatesOf([candidate, champion], options) as [Float64Array, Float64Array]
  const gaps = a.map((value, i) => value - (b[i] as number))
  const { rows, blocks } = candidate
  const estimate = candidate.estimate - champion.estimate
  return {
    candidate: summarise(a, candidate, options),
    champion: summarise(b, champion, options),
    difference: summarise(gaps, { estimate, rows, blocks }, options),
  }
}

/** The interval of candidate − champion on the same rows, from the same draws of blocks. */
export function bootstrapDifference(
  pair: { candidate: BlockedMetric; champion: BlockedMetric },
  options: BootstrapOptions,
): BootstrapEstimate {
  return bootstrapPair(pair, options).difference
}

/**
 * The difference current − reference of two estimates from *different* rows (a window against the training period):
 * Newcombe's way of joining two intervals, which keeps their skewness. Less sharp than a paired difference.
 */
export function unpairedDifference(
  current: BootstrapEstimate,
  reference: BootstrapEstimate,
): Pick<BootstrapEstimate, 'estimate' | 'interval' | 'standardError'> {
  const estimate = current.estimate - reference.estimate
  const down = Math.hypot(current.estimate - current.interval.low, reference.interval.high - reference.estimate)
  const up = Math.hypot(current.interval.high - current.estimate, reference.estimate - reference.interval.low)
  const interval = { low: estimate - down, high: estimate + up, level: current.interval.level }
  return { estimate, interval, standardError: Math.hypot(current.standardError, reference.standardError) }
}
