import type { MetricBaseline, MetricResult, WindowPerformance } from '@trivium/contract'
import { type BootstrapEstimate, metricDirections, unpairedDifference } from '../../kernel/stats/index.ts'
import type { MeasuredCohort } from './measure-cohort.ts'
import type { PerformanceSettings } from './policies.ts'

export type Baselines = Partial<Record<MetricResult['metric'], MetricBaseline>>

/** Days (or hours, in short windows) that an interval needs behind it. */
const fewestBlocks = 5
const binary = new Set(['roc-auc', 'log-loss', 'brier-score', 'accuracy'])

/**
 * Judges a measured window. Ripe: enough of its labels have come, or the longest wait is over; before that nothing is said. Worse means both: the loss against the
 * baseline exceeds the margin, and its interval excludes no loss at all. A first ripe window without another baseline becomes it.
 */
export function judgePerformance(
  measured: MeasuredCohort,
  settings: PerformanceSettings,
  { baselines, end, asOf }: { baselines: Baselines; end: number; asOf: number },
): { performance: WindowPerformance; baselines: Baselines } {
  const { predicted, labelled } = measured
  const completeness = predicted === 0 ? 0 : labelled / predicted
  const ripe = predicted > 0 && (completeness >= settings.completeness || asOf >= end + settings.maxWait)
  const waiting = ripe
    ? null
    : `${percent(completeness)} of the labels have come; ${percent(settings.completeness)} are needed.`
  const found: Baselines = { ...baselines }
  const metrics = settings.metrics.map(({ metric, margin, baseline: wanted }): MetricResult => {
    const estimate = measured.estimates.get(metric)
    const problem = waiting ?? problemOf(metric, measured, settings, estimate)
    const value = estimate && Number.isFinite(estimate.estimate) ? estimate.estimate : null
    const base = { metric, value, interval: intervalOf(estimate), margin, open: false }
    const baseline: MetricBaseline | undefined =
      typeof wanted === 'number' ? { value: wanted, interval: null, source: 'fixed', urn: null } : found[metric]
    if (problem !== null || !estimate || value === null)
      return {
        ...base,
        baseline: baseline ?? null,
        loss: null,
        lossInterval: null,
        verdict: 'unknown',
        reason: problem,
      }
    if (!baseline) {
      found[metric] = { value, interval: intervalOf(estimate), source: 'first-window', urn: null }
      const reason = 'The first judged window of this release: it is the baseline.'
      return { ...base, baseline: found[metric], loss: null, lossInterval: null, verdict: 'unknown', reason }
    }
    const loss = lossOf(metric, estimate, baseline)
    const worse = loss.value > margin && loss.interval.low > 0
    return {
      ...base,
      baseline,
      loss: loss.value,
      lossInterval: loss.interval,
      verdict: worse ? 'breach' : 'clear',
      reason: null,
    }
  })
  return {
    performance: { ripe, reason: waiting, predicted, labelled, completeness, asOf, metrics, days: measured.days },
    baselines: found,
  }
}

function problemOf(
  metric: MetricResult['metric'],
  { labelled, positives, notBinary }: MeasuredCohort,
  { minLabels, positive }: PerformanceSettings,
  estimate: BootstrapEstimate | undefined,
): string | null {
  if (labelled < minLabels)
    return `${labelled.toLocaleString('en-GB')} labels; ${minLabels.toLocaleString('en-GB')} are needed.`
  if (binary.has(metric) && notBinary > 0)
    return `${notBinary.toLocaleString('en-GB')} labels are neither 0 nor 1${positive === null ? '; name the "positive" class in the policy' : ''}.`
  if (metric === 'roc-auc' && (positives === 0 || positives === labelled)) return 'All labels are the same.'
  if (!estimate || Number.isNaN(estimate.interval.low) || estimate.blocks < fewestBlocks)
    return `${estimate?.blocks ?? 0} stretches of time with labels; ${fewestBlocks} are needed for an interval.`
  return null
}

/** How much worse than the baseline, positive is worse, with an interval that knows the uncertainty of both. */
function lossOf(
  metric: MetricResult['metric'],
  current: BootstrapEstimate,
  baseline: MetricBaseline,
): { value: number; interval: { low: number; high: number } } {
  const { value, interval } = baseline
  const bounds = interval ?? { low: value, high: value }
  const reference = {
    ...current,
    estimate: value,
    interval: { ...bounds, level: current.interval.level },
    standardError: 0,
  }
  const difference = unpairedDifference(current, reference)
  const { low, high } = difference.interval
  return metricDirections[metric] === 'lower-is-better'
    ? { value: difference.estimate, interval: { low, high } }
    : { value: -difference.estimate, interval: { low: -high, high: -low } }
}

function intervalOf(estimate: BootstrapEstimate | undefined): { low: number; high: number } | null {
  if (!estimate || Number.isNaN(estimate.interval.low)) return null
  return { low: estimate.interval.low, high: estimate.interval.high }
}

/** Rounded down: what is not complete does not read as if it were. */
const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`
