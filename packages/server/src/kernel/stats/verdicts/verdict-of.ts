import type { Interval } from '../types.ts'

/** Whether a larger value of a metric is better or worse. */
export type MetricDirection = 'higher-is-better' | 'lower-is-better'

/** What the difference candidate − champion of a metric shows. */
export type Verdict = 'better' | 'worse' | 'no clear change' | 'cannot judge yet'

/** A difference candidate − champion with its interval, and how it is to be judged. */
export interface VerdictInput {
  readonly difference: number
  readonly interval: Interval
  /** The loss that is still acceptable, in units of the metric, zero or more. */
  readonly margin: number
  readonly direction: MetricDirection
  /** Independent blocks (days) behind the interval; with fewer than `minimumBlocks` (5 unless told) nothing is judged. */
  readonly blocks?: number
  readonly minimumBlocks?: number
}

/** The interval turned so that up is better. */
function gains({ interval, direction }: Pick<VerdictInput, 'interval' | 'direction'>): { low: number; high: number } {
  return direction === 'higher-is-better'
    ? { low: interval.low, high: interval.high }
    : { low: -interval.high, high: -interval.low }
}

function judgeable({ difference, interval, blocks, minimumBlocks = 5 }: VerdictInput): boolean {
  if (Number.isNaN(difference) || Number.isNaN(interval.low) || Number.isNaN(interval.high)) return false
  return blocks === undefined || blocks >= minimumBlocks
}

/**
 * True only when the whole interval lies above a loss of `margin`: the candidate is *shown* not to be worse by more.
 * Little evidence gives false, not true. Equals a verdict of "better" or "no clear change".
 */
export function notWorseThan(input: VerdictInput): boolean {
  if (!(input.margin >= 0)) throw new RangeError(`The margin must be zero or more, not ${input.margin}.`)
  return judgeable(input) && gains(input).low >= -input.margin
}

/**
 * Names what a difference shows: `better` when the interval lies above zero gain; `no clear change` when zero is
 * inside or the loss is small, but a loss beyond the margin is ruled out; `worse` when the interval lies below zero and
 * may reach beyond the margin; `cannot judge yet` when it is too wide (both zero and a loss beyond the margin are
 * possible) or rests on too few blocks.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const acceptable = notWorseThan(input)
  if (!judgeable(input)) return 'cannot judge yet'
  const { low, high } = gains(input)
  if (low > 0) return 'better'
  if (acceptable) return 'no clear change'
  return high < 0 ? 'worse' : 'cannot judge yet'
}
