import type { Numbers } from '../types.ts'

/** Count, mean and the sum of squared deviations of a sample: enough for means and variances, and mergeable. */
export interface Moments {
  readonly n: number
  readonly mean: number
  readonly m2: number
}

/** The moments of a column (Welford's update); NaN is left out. */
export function momentsOf(values: Numbers): Moments {
  let n = 0
  let mean = 0
  let m2 = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) continue
    n++
    const delta = value - mean
    mean += delta / n
    m2 += delta * (value - mean)
  }
  return { n, mean, m2 }
}

/** The moments of both samples together (Chan's update). */
export function mergeMoments(a: Moments, b: Moments): Moments {
  const n = a.n + b.n
  if (n === 0) return { n: 0, mean: 0, m2: 0 }
  const delta = b.mean - a.mean
  return { n, mean: a.mean + (delta * b.n) / n, m2: a.m2 + b.m2 + (delta * delta * a.n * b.n) / n }
}

/** The sample variance (divided by n − 1); NaN below two values. */
export function varianceOf({ n, m2 }: Moments): number {
  return n > 1 ? m2 / (n - 1) : Number.NaN
}
