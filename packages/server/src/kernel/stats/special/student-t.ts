import { incompleteBetaTails } from './incomplete-beta.ts'
import { invertMonotone } from './invert-monotone.ts'
import { normalQuantile, normalSurvival } from './normal.ts'

/** The upper tail P(T > t) of Student's t with `df` degrees of freedom (any positive number; Infinity is the normal). */
export function studentTSurvival(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return Number.NaN
  if (df === Number.POSITIVE_INFINITY) return normalSurvival(t)
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1
  const square = t * t
  const tail = 0.5 * incompleteBetaTails(df / (df + square), square / (df + square), df / 2, 0.5).lower
  return t >= 0 ? tail : 1 - tail
}

/** The distribution function of Student's t. */
export function studentTCdf(t: number, df: number): number {
  return studentTSurvival(-t, df)
}

/** The t with P(T ≤ t) = p. */
export function studentTQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return Number.NaN
  if (p === 0.5) return 0
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (df === Number.POSITIVE_INFINITY) return normalQuantile(p)
  const t = invertMonotone((x) => studentTSurvival(x, df), Math.min(p, 1 - p), false)
  return p < 0.5 ? -t : t
}
