import { incompleteGammaComplement } from './incomplete-gamma.ts'

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI)

/** The standard normal distribution function Φ(z), accurate relative to its size in both tails. */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return Number.NaN
  const tail = 0.5 * incompleteGammaComplement(0.5, (z * z) / 2)
  return z < 0 ? tail : 1 - tail
}

/** The upper tail 1 − Φ(z), without cancellation. */
export function normalSurvival(z: number): number {
  return normalCdf(-z)
}

/** The z with Φ(z) = p. Zero and one give the infinities; outside [0, 1] gives NaN. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (p === 1) return Number.POSITIVE_INFINITY
  if (p === 0.5) return 0
  const tail = p < 0.5 ? p : 1 - p
  const t = Math.sqrt(-2 * Math.log(tail))
  let z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
  for (let i = 0; i < 4; i++) {
    const density = Math.exp((-z * z) / 2) / ROOT_TWO_PI
    if (density === 0) break
    const step = (normalCdf(z) - tail) / density
    z -= step / (1 + (z * step) / 2)
  }
  return p < 0.5 ? z : -z
}
