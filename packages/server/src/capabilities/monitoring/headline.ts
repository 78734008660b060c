import type { FeatureDrift, MetricResult, MonitorState, WindowDrift, WindowPerformance } from '@trivium/contract'

const measures: Record<string, string> = {
  'kolmogorov-smirnov': 'KS',
  'population-stability-index': 'PSI',
  'total-variation': 'TV',
  'roc-auc': 'AUC',
  'log-loss': 'log loss',
  'brier-score': 'Brier score',
  accuracy: 'accuracy',
  'mean-absolute-error': 'mean absolute error',
  'root-mean-squared-error': 'root mean squared error',
}

/** The short name of a measure or metric. */
export const measureName = (name: string): string => measures[name] ?? name

const number = (value: number | null): string => (value === null ? '?' : String(Number(value.toPrecision(3))))

/** `recent_late drifted: KS 0.27, allowed 0.1, q 2e-9 (mean 0.21 → 0.11)` */
export function driftSentence({ feature, measure, effect, minEffect, q, change }: FeatureDrift): string {
  const moved = change === null ? '' : ` (${change})`
  return `${feature} drifted: ${measureName(measure)} ${number(effect)}, allowed ${number(minEffect)}, q ${q === null ? '?' : chance(q)}${moved}`
}

/** `log loss 0.46 is 0.021 worse than 0.44 (95 % 0.011 to 0.031), allowed 0.01` */
export function lossSentence({ metric, value, baseline, loss, lossInterval, margin }: MetricResult): string {
  const interval = lossInterval === null ? '' : ` (95 % ${number(lossInterval.low)} to ${number(lossInterval.high)})`
  return `${measureName(metric)} ${number(value)} is ${number(loss)} worse than ${number(baseline?.value ?? null)}${interval}, allowed ${number(margin)}`
}

const chance = (q: number): string => (q < 1e-300 ? 'below 1e-300' : number(q))

/** What a window says as one word. */
export function windowState(drift: WindowDrift | null, performance: WindowPerformance | null): MonitorState {
  if (performance?.metrics.some(({ open }) => open)) return 'degraded'
  if (drift?.features.some(({ open }) => open)) return 'drifted'
  const judged = [drift?.verdict, ...(performance?.metrics.map(({ verdict }) => verdict) ?? [])]
  return judged.some((verdict) => verdict !== undefined && verdict !== 'unknown') ? 'in-range' : 'cannot-judge'
}

/** One sentence about the newest window. */
export function headlineOf(drift: WindowDrift | null, performance: WindowPerformance | null): string {
  const worse = performance?.metrics.find(({ open }) => open)
  if (worse)
    return worse.loss === null
      ? `${measureName(worse.metric)} was worse than the baseline; the newest window cannot be judged yet.`
      : `${upper(lossSentence(worse))}.`
  const open = drift?.features.filter((feature) => feature.open) ?? []
  const [first] = open.toSorted((a, b) => (b.effect ?? 0) - (a.effect ?? 0))
  if (first) {
    const others = open.length > 1 ? `, and ${open.length - 1} more of ${drift?.features.length} features` : ''
    return `${driftSentence(first)}${others}.`
  }
  const parts = [driftWords(drift), performanceWords(performance)].filter((part) => part !== null)
  return parts.map((part, index) => (index === 0 ? upper(part) : part)).join('; ') + '.'
}

function driftWords(drift: WindowDrift | null): string | null {
  if (!drift) return null
  if (drift.verdict === 'unknown')
    return `drift cannot be judged: ${lower(drift.reason ?? 'too few rows')}`.replace(/\.$/, '')
  const first = drift.features.find(({ verdict }) => verdict === 'breach' || verdict === 'severe')
  if (first) return `${first.feature} moved in one window; it counts once it lasts`
  return `${drift.tests} ${drift.tests === 1 ? 'feature' : 'features'} in range`
}

function performanceWords(performance: WindowPerformance | null): string | null {
  const [metric] = performance?.metrics ?? []
  if (!performance || !metric) return null
  if (metric.verdict === 'unknown' && metric.value === null)
    return lower(metric.reason ?? 'no labels yet').replace(/\.$/, '')
  const said = `${measureName(metric.metric)} ${number(metric.value)}`
  return performance.ripe ? said : `${said} so far, labels still come`
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
