import { normalSurvival } from '../special/normal.ts'
import type { Interval, SampleSizes } from '../types.ts'
import { fisherExact } from './fisher-exact.ts'
import { wilsonInterval } from './wilson-interval.ts'

/** A proportion as counted. */
export interface Proportion {
  readonly hits: number
  readonly n: number
}

/** The difference current − reference of two proportions or means, with its interval and two-sided p-value. */
export interface Difference {
  readonly difference: number
  readonly interval: Interval
  readonly pValue: number
  readonly n: SampleSizes
}

/** Newcombe's hybrid-score interval of current − reference, which stays sound near 0, near 1 and for small samples. */
export function newcombeInterval(reference: Proportion, current: Proportion, level = 0.95): Interval {
  const from = wilsonInterval(reference.hits, reference.n, level)
  const to = wilsonInterval(current.hits, current.n, level)
  const p = reference.n === 0 ? 0.5 : reference.hits / reference.n
  const q = current.n === 0 ? 0.5 : current.hits / current.n
  return {
    low: q - p - Math.hypot(q - to.low, from.high - p),
    high: q - p + Math.hypot(to.high - q, p - from.low),
    level,
  }
}

/**
 * Compares two proportions (null shares, label rates, error rates): Newcombe's interval, and the p-value of the pooled
 * z-test, or Fisher's exact one where a cell is expected to hold fewer than five.
 */
export function proportionDifference(reference: Proportion, current: Proportion, level = 0.95): Difference {
  const n = { reference: reference.n, current: current.n }
  const interval = newcombeInterval(reference, current, level)
  if (reference.n === 0 || current.n === 0) return { difference: Number.NaN, interval, pValue: 1, n }
  const difference = current.hits / current.n - reference.hits / reference.n
  const total = reference.n + current.n
  const hits = reference.hits + current.hits
  const least = (Math.min(hits, total - hits) * Math.min(reference.n, current.n)) / total
  if (hits === 0 || hits === total) return { difference, interval, pValue: 1, n }
  if (least < 5) {
    const pValue = fisherExact(reference.hits, reference.n - reference.hits, current.hits, current.n - current.hits)
    return { difference, interval, pValue, n }
  }
  const rate = hits / total
  const z = difference / Math.sqrt(rate * (1 - rate) * (1 / reference.n + 1 / current.n))
  return { difference, interval, pValue: Math.min(1, 2 * normalSurvival(Math.abs(z))), n }
}
