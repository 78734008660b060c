import { chiSquaredQuantile } from '../special/chi-squared.ts'
import { kolmogorovCriticalValue } from '../special/kolmogorov.ts'
import { normalQuantile } from '../special/normal.ts'
import { effectiveSize, type SampleSizes } from '../types.ts'

/** Effects that drift is measured by. The Jensen–Shannon distance is in nats; Wasserstein is over the reference's σ. */
export type DriftMeasure =
  | 'kolmogorov-smirnov'
  | 'wasserstein'
  | 'population-stability-index'
  | 'jensen-shannon'
  | 'hellinger'
  | 'largest-share-difference'

/** The smallest effect worth an alert, per measure, unless a monitor sets its own. */
export const driftFloors = {
  'kolmogorov-smirnov': 0.1,
  wasserstein: 0.1,
  'population-stability-index': 0.1,
  'jensen-shannon': 0.1,
  hellinger: 0.1,
  'largest-share-difference': 0.05,
} as const satisfies Record<DriftMeasure, number>

/** The effect at which noise alone stays below `level`, for an effective size of 1 (it shrinks with √Ne or Ne). */
function unitNull(measure: DriftMeasure, bins: number, level: number): { value: number; power: 0.5 | 1 } {
  const chi = (): number => (bins < 2 ? 0 : chiSquaredQuantile(level, bins - 1))
  switch (measure) {
    case 'kolmogorov-smirnov':
      return { value: kolmogorovCriticalValue(1 - level), power: 0.5 }
    case 'wasserstein':
      return { value: normalQuantile(1 - (1 - level) / 4), power: 0.5 }
    case 'population-stability-index':
      return { value: chi(), power: 1 }
    case 'jensen-shannon':
    case 'hellinger':
      return { value: Math.sqrt(chi() / 8), power: 0.5 }
    case 'largest-share-difference':
      return { value: normalQuantile(1 - (1 - level) / (2 * bins)) / 2, power: 0.5 }
  }
}

/**
 * How large the effect gets by chance alone: its `level` quantile (0.95 unless told) when nothing drifted.
 * `bins` is the number of bins or categories after pooling; Kolmogorov–Smirnov and Wasserstein do not need it.
 * The largest share difference uses Bonferroni over shares of ½, so it is an upper bound.
 */
export function nullQuantile(measure: DriftMeasure, n: SampleSizes, { bins = 10, level = 0.95 } = {}): number {
  const { value, power } = unitNull(measure, bins, level)
  return value / effectiveSize(n) ** power
}

/**
 * The rows a window needs before noise alone stays below `floor` with the given level, against a reference of this
 * size; Infinity when the reference itself is too small. A smaller window must be called "too small to judge".
 */
export function minimumWindow(
  measure: DriftMeasure,
  referenceSize: number,
  { floor = driftFloors[measure], bins = 10, level = 0.95 }: { floor?: number; bins?: number; level?: number } = {},
): number {
  const { value, power } = unitNull(measure, bins, level)
  const needed = (value / floor) ** (1 / power)
  if (needed >= referenceSize) return Number.POSITIVE_INFINITY
  return Math.ceil((referenceSize * needed) / (referenceSize - needed))
}
