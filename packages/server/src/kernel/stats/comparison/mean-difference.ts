import { studentTQuantile, studentTSurvival } from '../special/student-t.ts'
import { type Moments, varianceOf } from '../histogram/moments.ts'
import type { Difference } from './proportion-difference.ts'

/** Welch's comparison of two means from their moments: current − reference, without assuming equal variances. */
export function meanDifference(
  reference: Moments,
  current: Moments,
  level = 0.95,
): Difference & { readonly degreesOfFreedom: number } {
  const n = { reference: reference.n, current: current.n }
  const difference = current.mean - reference.mean
  const a = varianceOf(reference) / reference.n
  const b = varianceOf(current) / current.n
  const error = Math.sqrt(a + b)
  if (Number.isNaN(error)) {
    const interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, level }
    return { difference, interval, pValue: 1, n, degreesOfFreedom: 0 }
  }
  const degreesOfFreedom =
    error === 0 ? n.reference + n.current - 2 : (a + b) ** 2 / (a ** 2 / (n.reference - 1) + b ** 2 / (n.current - 1))
  const half = error === 0 ? 0 : studentTQuantile(0.5 + level / 2, degreesOfFreedom) * error
  let pValue = difference === 0 ? 1 : 0
  if (error > 0) pValue = Math.min(1, 2 * studentTSurvival(Math.abs(difference) / error, degreesOfFreedom))
  const interval = { low: difference - half, high: difference + half, level }
  return { difference, interval, pValue, n, degreesOfFreedom }
}
