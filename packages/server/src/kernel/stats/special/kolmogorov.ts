import { invertMonotone } from './invert-monotone.ts'
import { logGamma } from './log-gamma.ts'

const PI_SQUARED = Math.PI * Math.PI
const ROOT_HALF_PI = Math.sqrt(Math.PI / 2)
const LARGEST_EXACT_TAIL = 20_000

/** Kolmogorov's limiting upper tail Q(λ) = 2·Σ (−1)^(k−1)·e^(−2k²λ²). */
export function kolmogorovSurvival(lambda: number): number {
  if (Number.isNaN(lambda)) return Number.NaN
  if (lambda <= 0) return 1
  if (lambda < 1) {
    const base = Math.exp(-PI_SQUARED / (8 * lambda * lambda))
    const sum = base + base ** 9 + base ** 25 + base ** 49
    return 1 - (Math.sqrt(2 * Math.PI) / lambda) * sum
  }
  let sum = 0
  for (let k = 1; k < 100; k++) {
    const term = Math.exp(-2 * k * k * lambda * lambda)
    sum += k % 2 === 1 ? term : -term
    if (term < 1e-17 * sum) break
  }
  return 2 * sum
}

/** The λ that Kolmogorov's limiting distribution exceeds with probability `tail`. */
export function kolmogorovCriticalValue(tail: number): number {
  return invertMonotone(kolmogorovSurvival, tail, false)
}

/** P(D⁺ₙ ≥ d): Smirnov's sum, or its asymptotic form for samples beyond 20,000. */
function oneSidedSurvival(d: number, n: number): number {
  if (n > LARGEST_EXACT_TAIL) return Math.exp(-((6 * n * d + 1) ** 2) / (18 * n))
  const top = Math.floor(n * (1 - d))
  const logFactorial = logGamma(n + 1)
  let sum = 0
  for (let j = 0; j <= top; j++) {
    const share = d + j / n
    const rest = 1 - share
    if (rest <= 0 && j < n) continue
    const log =
      logFactorial -
      logGamma(j + 1) -
      logGamma(n - j + 1) +
      (j - 1) * Math.log(share) +
      (n - j) * (n === j ? 0 : Math.log(rest))
    sum += Math.exp(log)
  }
  return Math.min(1, d * sum)
}

/** The Pelz–Good expansion of the distribution function of √n·D for a sample of n, error of order n^−2. */
function pelzGood(z: number, n: number): number {
  const z2 = z * z
  const z4 = z2 * z2
  const z6 = z4 * z2
  let k0 = 0
  let k1 = 0
  let k2 = 0
  let k3 = 0
  for (let k = 0; k < 60; k++) {
    const h2 = (k + 0.5) ** 2
    const e = Math.exp((-PI_SQUARED * h2) / (2 * z2))
    if (e === 0) break
    const u = PI_SQUARED * h2
    k0 += e
    k1 += 2 * e * (u - z2)
    k2 += 2 * e * (6 * z6 + 2 * z4 + u * (2 * z4 - 5 * z2) + u * u * (1 - 2 * z2))
    k3 +=
      2 *
      e *
      (u ** 3 * (5 - 30 * z2) + u * u * (-60 * z2 + 212 * z4) + u * (135 * z4 - 96 * z6) - (30 * z6 + 90 * z6 * z2))
  }
  let square = 0
  let fourth = 0
  for (let k = 1; k < 60; k++) {
    const v = PI_SQUARED * k * k
    const e = Math.exp(-v / (2 * z2))
    if (e === 0) break
    square += 2 * e * v
    fourth += 2 * e * (3 * v * z2 - v * v)
  }
  const t0 = (Math.sqrt(2 * Math.PI) / z) * k0
  const t1 = (ROOT_HALF_PI * k1) / (6 * z4)
  const t2 = ROOT_HALF_PI * (k2 / (72 * z6 * z) - square / (36 * z2 * z))
  const t3 = ROOT_HALF_PI * (k3 / (6480 * z6 * z4) + fourth / (216 * z6))
  const root = Math.sqrt(n)
  return t0 + t1 / root + t2 / n + t3 / (n * root)
}

/**
 * P(Dₙ ≥ d) for one sample of n against its continuous distribution: twice Smirnov's one-sided tail where that is
 * exact to many digits (n·d² ≥ 2.2), else the Pelz–Good expansion (absolute error under 1e-5 from n = 50, under
 * 1e-3 from n = 10). With n = round(nm/(n+m)) it is the usual large-sample p-value of the two-sample test.
 */
export function kolmogorovSurvivalOfSize(d: number, n: number): number {
  if (Number.isNaN(d) || !(n > 0)) return Number.NaN
  if (d <= 0 || 2 * n * d <= 1) return 1
  if (d >= 1) return 0
  if (n * d * d >= 2.2) return Math.min(1, 2 * oneSidedSurvival(d, n))
  return Math.min(1, Math.max(0, 1 - pelzGood(Math.sqrt(n) * d, n)))
}
