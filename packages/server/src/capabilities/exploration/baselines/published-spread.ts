import type { BaselineJudgement, PublishedSpread } from '@trivium/contract'
import { normalQuantile, studentTQuantile } from '../../../kernel/stats/index.ts'

type InSpread = BaselineJudgement['spread']
const level = 0.95
const upper = 0.5 + level / 2

/** Standard deviation and number of the published repeats; null for what was not published and does not follow from it. */
export interface PublishedRepeats {
  readonly sd: number | null
  readonly n: number | null
}

/** What a published uncertainty says of single runs. The sd of an interval follows only where Student's t made it, which its being symmetric and the number of repeats show. */
export function publishedRepeats(value: number, spread: PublishedSpread): PublishedRepeats {
  if (spread.kind === 'none') return { sd: null, n: null }
  const n = spread.repeats ?? null
  if (spread.kind === 'sd') return { sd: spread.sd, n }
  if (spread.kind === 'range' || n === null || n < 2) return { sd: null, n }
  if (spread.kind === 'se') return { sd: spread.se * Math.sqrt(n), n }
  const half = (spread.high - spread.low) / 2
  const middle = (spread.high + spread.low) / 2
  if (Math.abs(middle - value) > half * 0.05) return { sd: null, n }
  return { sd: (half * Math.sqrt(n)) / studentTQuantile(0.5 + (spread.level ?? 0.95) / 2, n - 1), n }
}

/** Where one more run of the published protocol is expected: the 95 % prediction interval from sd and n, or the published range. */
export function spreadRange(
  value: number,
  spread: PublishedSpread,
): { readonly low: number; readonly high: number; readonly how: string } | { readonly why: string } {
  if (spread.kind === 'none') return { why: 'no spread was published' }
  if (spread.kind === 'range')
    return {
      low: spread.low,
      high: spread.high,
      how: `the least and the greatest of ${spread.repeats ?? 'the'} published repeats`,
    }
  const { sd, n } = publishedRepeats(value, spread)
  if (sd === null)
    return {
      why:
        n === null
          ? 'the published interval is of the mean, and without the number of repeats it says nothing of one run'
          : 'the published interval is not symmetric, so the spread of one run does not follow from it',
    }
  if (n === null) {
    const half = normalQuantile(upper) * sd
    return { low: value - half, high: value + half, how: '1.96 published sd; their number was not published' }
  }
  if (n < 2) return { why: 'it was published from one run' }
  const half = studentTQuantile(upper, n - 1) * sd * Math.sqrt(1 + 1 / n)
  return {
    low: value - half,
    high: value + half,
    how: `95 % prediction interval of one more run, from ${n} published repeats`,
  }
}

/** Whether a run's value lies where one more run of the protocol is expected. */
export function inSpread(own: number | null, value: number, spread: PublishedSpread): InSpread {
  const range = spreadRange(value, spread)
  if ('why' in range) return { verdict: 'cannot judge yet', low: null, high: null, reason: range.why }
  const { low, high, how } = range
  if (own === null) return { verdict: 'cannot judge yet', low, high, reason: 'the run has no value' }
  return { verdict: own >= low && own <= high ? 'in range' : 'out of range', low, high, reason: how }
}
