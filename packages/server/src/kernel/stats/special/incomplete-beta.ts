import { binomialProbability } from './binomial-probability.ts'

const TINY = 1e-300
const MAX_ITERATIONS = 1_000_000

/**
 * The continued fraction of DiDonato and Morris, b₀ + a₁/(b₁ + a₂/(b₂ + …)), by Lentz's method; x and y = 1 − x enter
 * separately, so nothing cancels near the mean. I_x(a, b) = x^a·y^b/B(a, b) divided by it, for x below the mean.
 */
function continuedFraction(x: number, y: number, a: number, b: number): number {
  const lambda = a * y - b * x + 1
  let value = (a * lambda) / (a + 1)
  if (Math.abs(value) < TINY) value = TINY
  let c = value
  let d = 0
  for (let m = 1; m < MAX_ITERATIONS; m++) {
    const odd = a + 2 * m - 1
    const numerator = (((a + m - 1) * (a + b + m - 1)) / odd) * ((m * (b - m) * x * x) / odd)
    const denominator = m + (m * (b - m) * x) / odd + ((a + m) * (lambda + m * (2 - x))) / (a + 2 * m + 1)
    d = denominator + numerator * d
    if (Math.abs(d) < TINY) d = TINY
    c = denominator + numerator / c
    if (Math.abs(c) < TINY) c = TINY
    d = 1 / d
    const factor = c * d
    value *= factor
    if (Math.abs(factor - 1) < 2e-16) break
  }
  return value
}

/** Both tails of the regularised incomplete beta at x, where y = 1 − x is given so that it keeps its digits. */
export function incompleteBetaTails(x: number, y: number, a: number, b: number): { lower: number; upper: number } {
  if (!(a > 0) || !(b > 0) || !(x >= 0) || !(y >= 0)) return { lower: Number.NaN, upper: Number.NaN }
  if (x === 0) return { lower: 0, upper: 1 }
  if (y === 0) return { lower: 1, upper: 0 }
  const density = (binomialProbability(a, a + b, x, y) * a * b) / (a + b)
  if (x * b <= y * a) {
    const lower = density / continuedFraction(x, y, a, b)
    return { lower, upper: 1 - lower }
  }
  const upper = density / continuedFraction(y, x, b, a)
  return { lower: 1 - upper, upper }
}

/** Regularised incomplete beta I_x(a, b), for a, b > 0 and 0 ≤ x ≤ 1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  return incompleteBetaTails(x, 1 - x, a, b).lower
}
