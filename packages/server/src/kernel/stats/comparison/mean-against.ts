import { studentTQuantile, studentTSurvival } from '../special/student-t.ts'
import { type Moments, varianceOf } from '../histogram/moments.ts'
import type { Interval } from '../types.ts'

/** Student's one-sample comparison of a mean with a number that is taken as exact: mean − number. Needs two values that differ. */
export function meanAgainst(
  sample: Moments,
  number: number,
  level = 0.95,
): { readonly difference: number; readonly interval: Interval; readonly pValue: number } {
  const difference = sample.mean - number
  const error = Math.sqrt(varianceOf(sample) / sample.n)
  if (!(error > 0)) {
    const interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, level }
    return { difference, interval, pValue: 1 }
  }
  const half = studentTQuantile(0.5 + level / 2, sample.n - 1) * error
  return {
    difference,
    interval: { low: difference - half, high: difference + half, level },
    pValue: Math.min(1, 2 * studentTSurvival(Math.abs(difference) / error, sample.n - 1)),
  }
}
