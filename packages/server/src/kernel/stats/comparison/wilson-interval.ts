import { normalQuantile } from '../special/normal.ts'
import type { Interval } from '../types.ts'

/** Wilson's score interval of a proportion of `hits` in `n`; [0, 1] when n is 0. */
export function wilsonInterval(hits: number, n: number, level = 0.95): Interval {
  if (n === 0) return { low: 0, high: 1, level }
  const z = normalQuantile(0.5 + level / 2)
  const p = hits / n
  const z2 = z * z
  const centre = p + z2 / (2 * n)
  const half = z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))
  const scale = 1 + z2 / n
  return {
    low: hits === 0 ? 0 : Math.max(0, (centre - half) / scale),
    high: hits === n ? 1 : Math.min(1, (centre + half) / scale),
    level,
  }
}
