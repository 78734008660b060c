import { incompleteGamma, incompleteGammaComplement } from './incomplete-gamma.ts'
import { invertMonotone } from './invert-monotone.ts'

/** The distribution function of chi-squared with `df` degrees of freedom. */
export function chiSquaredCdf(x: number, df: number): number {
  return x <= 0 ? 0 : incompleteGamma(df / 2, x / 2)
}

/** The upper tail of chi-squared: the p-value of a statistic. Zero degrees of freedom give 1 (there is nothing to test). */
export function chiSquaredSurvival(x: number, df: number): number {
  if (df === 0 || x <= 0) return 1
  return incompleteGammaComplement(df / 2, x / 2)
}

/** The x that chi-squared does not exceed with probability p. */
export function chiSquaredQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return Number.NaN
  if (p === 0) return 0
  if (p === 1) return Number.POSITIVE_INFINITY
  if (p < 0.5) return invertMonotone((x) => chiSquaredCdf(x, df), p, true)
  return invertMonotone((x) => chiSquaredSurvival(x, df), 1 - p, false)
}
