import { devianceTerm, stirlingError } from './binomial-probability.ts'

const TINY = 1e-300
const MAX_ITERATIONS = 1_000_000

/** x^a·e^(−x)/Γ(a+1) in saddle-point form: no digits are lost for large a. */
function prefactor(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - devianceTerm(a, x)) / Math.sqrt(2 * Math.PI * a)
}

function lowerBySeries(a: number, x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; n < MAX_ITERATIONS; n++) {
    term *= x / (a + n)
    sum += term
    if (term < sum * 1e-17) break
  }
  return prefactor(a, x) * sum
}

function upperByFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let h = d
  for (let i = 1; i < MAX_ITERATIONS; i++) {
    const an = -i * (i - a)
    b += 2
    d = an * d + b
    if (Math.abs(d) < TINY) d = TINY
    c = b + an / c
    if (Math.abs(c) < TINY) c = TINY
    d = 1 / d
    const factor = d * c
    h *= factor
    if (Math.abs(factor - 1) < 1e-16) break
  }
  return prefactor(a, x) * a * h
}

/** Regularised lower incomplete gamma P(a, x), for a > 0 and x ≥ 0. */
export function incompleteGamma(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) return Number.NaN
  if (x === 0) return 0
  if (x === Number.POSITIVE_INFINITY) return 1
  return x < a + 1 ? lowerBySeries(a, x) : 1 - upperByFraction(a, x)
}

/** Regularised upper incomplete gamma Q(a, x) = 1 − P(a, x), accurate in its far tail. */
export function incompleteGammaComplement(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) return Number.NaN
  if (x === 0) return 1
  if (x === Number.POSITIVE_INFINITY) return 0
  return x < a + 1 ? 1 - lowerBySeries(a, x) : upperByFraction(a, x)
}
