import { studentTQuantile } from '../../../../kernel/stats/index.ts'

/** What one day has of a whole and of the part that is asked about. */
export interface DayAmount {
  readonly part: number
  readonly whole: number
}

const fewest = 6

/**
 * The share of the part in the whole over all days, with a 95 % interval. Hours of a day are not independent, so days are what is counted: the ratio estimator
 * with its variance by linearisation and Student's t, clipped to 0 and 1; no interval below six days.
 */
export function ratioOverDays(days: readonly DayAmount[]): {
  share: number | null
  low: number | null
  high: number | null
} {
  const part = days.reduce((sum, day) => sum + day.part, 0)
  const whole = days.reduce((sum, day) => sum + day.whole, 0)
  if (whole === 0) return { share: null, low: null, high: null }
  const share = part / whole
  const n = days.length
  if (n < fewest) return { share, low: null, high: null }
  const rest = days.reduce((sum, day) => sum + (day.part - share * day.whole) ** 2, 0)
  const error = Math.sqrt(rest / (n * (n - 1))) / (whole / n)
  const reach = studentTQuantile(0.975, n - 1) * error
  return { share, low: Math.max(0, share - reach), high: Math.min(1, share + reach) }
}
