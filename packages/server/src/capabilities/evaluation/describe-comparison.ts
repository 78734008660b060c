import type { EvaluatedMetric, MetricEstimate } from '@trivium/contract'
import type { ComputedComparison } from './compute.ts'
import { metricWord } from './metric-words.ts'

/** As many decimals as the uncertainty leaves: one digit of it for values, two for differences. */
function decimals({ value, low, high }: MetricEstimate, extra: number): number {
  const half = low === null || high === null ? 0 : (high - low) / 2
  if (half > 0) return Math.min(8, Math.max(0, Math.ceil(-Math.log10(half)) + extra))
  return value !== null && Math.abs(value) >= 100 ? 0 : 3
}

const signed = (value: number, places: number, plus = false): string =>
  `${value < 0 ? '−' : plus ? '+' : ''}${Math.abs(value).toFixed(places)}`

/** `0.672 ± 0.006`, with both ends where they are not equally far: `0.013 (0.006 to 0.021)`. */
export function writeEstimate(estimate: MetricEstimate): string {
  const { value, low, high } = estimate
  if (value === null) return 'not defined'
  const places = decimals(estimate, 0)
  if (low === null || high === null) return signed(value, places)
  const [down, up] = [value - low, high - value]
  if (Math.max(down, up) > 1.5 * Math.min(down, up))
    return `${signed(value, places + 1)} (${signed(low, places + 1)} to ${signed(high, places + 1)})`
  return `${signed(value, places)} ± ${((high - low) / 2).toFixed(places)}`
}

/** `+0.0182 (+0.0141 to +0.0223)`. */
export function writeDifference(difference: MetricEstimate): string {
  const { value, low, high } = difference
  if (value === null) return 'not defined'
  const places = low === high ? 4 : decimals(difference, 1)
  if (low === null || high === null) return signed(value, places, true)
  return `${signed(value, places, true)} (${signed(low, places, low > 0)} to ${signed(high, places, high > 0)})`
}

const count = (n: number, one: string, many: string): string => `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`
const basis = ({ rows, blocks }: { rows: number; blocks: number }): string =>
  `${count(rows, 'row', 'rows')} of ${count(blocks, 'day', 'days')}`

/** One sentence about a candidate against the champion on the same rows. */
export function describeComparison(
  found: ComputedComparison,
  size: { rows: number; blocks: number },
  champion: string,
): string {
  const margin = found.margin === 0 ? 'no loss is accepted' : `a loss of up to ${found.margin} is accepted`
  const start = `${metricWord(found.metric)} ${writeEstimate(found.candidate)} against ${writeEstimate(found.champion)} of ${champion} on ${basis(size)}: `
  const difference = writeDifference(found.difference)
  const text =
    found.verdict === 'cannot judge yet' && (found.difference.low === null || size.blocks < 5)
      ? `cannot judge yet, ${count(size.blocks, 'day', 'days')} of 5`
      : `${difference}, ${found.verdict}; ${margin}`
  return capital(`${start}${text}.`)
}

/** One sentence about a model that has no champion before it. */
export function describeFirst(metric: EvaluatedMetric, size: { rows: number; blocks: number }): string {
  return `First model, nothing to compare with: ${metricWord(metric.metric)} ${writeEstimate(metric)} on ${basis(size)}.`
}

/** One sentence about an evaluation. */
export function describeMetrics(
  metrics: readonly EvaluatedMetric[],
  size: { rows: number; blocks: number },
  dataset: string,
): string {
  return capital(
    `${metrics.map((metric) => `${metricWord(metric.metric)} ${writeEstimate(metric)}`).join(', ')} on ${basis(size)} of ${dataset}.`,
  )
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
