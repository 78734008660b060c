import { logGamma, stirlingSeries } from './log-gamma.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/** What Stirling's formula leaves out: log Γ(x+1) − (x+½)·log x + x − ½·log 2π, for x > 0. */
export function stirlingError(x: number): number {
  if (x >= 10) return stirlingSeries(x)
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI
}

/** x·log(x/m) + m − x without cancellation near x = m (Loader's deviance term); x, m > 0. */
export function devianceTerm(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x
  const v = (x - m) / (x + m)
  let sum = (x - m) * v
  let term = 2 * x * v
  for (let j = 1; j < 1000; j++) {
    term *= v * v
    const next = sum + term / (2 * j + 1)
    if (next === sum) return next
    sum = next
  }
  return sum
}

/**
 * The probability of `hits` in `trials` at rate `p` (with q = 1 − p given separately so that neither loses digits).
 * Counts need not be whole; relative error stays near 1e-14 for counts up to 1e12 (saddle-point form of Loader).
 */
export function binomialProbability(hits: number, trials: number, p: number, q: number): number {
  if (hits < 0 || hits > trials) return 0
  if (p === 0) return hits === 0 ? 1 : 0
  if (q === 0) return hits === trials ? 1 : 0
  if (hits === 0) return Math.exp(trials * (p < q ? Math.log1p(-p) : Math.log(q)))
  if (hits === trials) return Math.exp(trials * (q < p ? Math.log1p(-q) : Math.log(p)))
  const misses = trials - hits
  const exponent =
    stirlingError(trials) -
    stirlingError(hits) -
    stirlingError(misses) -
    devianceTerm(hits, trials * p) -
    devianceTerm(misses, trials * q)
  return Math.exp(exponent) * Math.sqrt(trials / (2 * Math.PI * hits * misses))
}
