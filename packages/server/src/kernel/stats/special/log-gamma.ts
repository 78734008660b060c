const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)
const ONE_MINUS_EULER = 0.42278433509846713939
const ZETA_TERMS = 28

/** ζ(k) − 1 by Euler–Maclaurin from n = 60, exact to the last bit of a double for every k ≥ 2. */
function zetaMinusOne(k: number): number {
  const from = 60
  let sum = 0
  for (let n = from - 1; n >= 2; n--) sum += n ** -k
  const tail = from ** (1 - k) / (k - 1) + from ** -k / 2 + (k * from ** (-k - 1)) / 12
  const correction =
    (k * (k + 1) * (k + 2) * from ** (-k - 3)) / 720 -
    (k * (k + 1) * (k + 2) * (k + 3) * (k + 4) * from ** (-k - 5)) / 30240
  return sum + tail - correction
}

const zetas = Float64Array.from({ length: ZETA_TERMS }, (_, i) => zetaMinusOne(i + 2))

/** log Γ(2 + z) for |z| ≤ 1/2, accurate relative to its own size even where it crosses zero. */
function logGammaNearTwo(z: number): number {
  let sum = 0
  for (let i = ZETA_TERMS - 1; i >= 0; i--) {
    const k = i + 2
    sum = sum * -z + (zetas[i] as number) / k
  }
  return z * ONE_MINUS_EULER + z * z * sum
}

/** The tail of Stirling's series: log Γ(x+1) − (x+½)·log x + x − ½·log 2π, for x ≥ 10. */
export function stirlingSeries(x: number): number {
  const r = 1 / (x * x)
  const tail = 1 / 1188 - r * (691 / 360360 - r * (1 / 156 - r * (3617 / 122400)))
  return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * tail)))) / x
}

/**
 * The natural logarithm of the gamma function for x > 0, to about 1e-15 relative.
 * Zero gives Infinity, a negative argument or NaN gives NaN.
 */
export function logGamma(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN
  if (x === 0 || x === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (x >= 10) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingSeries(x)
  if (x < 0.5) return logGammaNearTwo(x) - Math.log1p(x) - Math.log(x)
  if (x < 1.5) return logGammaNearTwo(x - 1) - Math.log1p(x - 1)
  let product = 1
  let at = x
  while (at > 2.5) {
    at -= 1
    product *= at
  }
  return logGammaNearTwo(at - 2) + Math.log(product)
}
