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
export const measureName = (name: string): string => measures[name] ?? name.replaceAll('-', ' ')

const significant = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3, useGrouping: false })

/** Three digits that say something, without powers of ten. */
function number(value: number | null): string {
  if (value === null) return '?'
  const size = Math.abs(value)
  if (size !== 0 && size < 1e-4) return value < 0 ? '> −0.0001' : '< 0.0001'
  return significant.format(value).replace('-', '−')
}

/** As many decimals as the interval deserves: two digits of its half width, one from 5 on. */
function decimalsOf(interval: { low: number; high: number } | null): number | undefined {
  const half = interval === null ? 0 : (interval.high - interval.low) / 2
  if (!Number.isFinite(half) || half <= 0) return undefined
  const power = Math.floor(Math.log10(half))
  return Math.min(6, Math.max(0, (half / 10 ** power < 4.95 ? 1 : 0) - power))
}

/** How probable by chance alone: `q < 0.0001`, `q 0.012`. */
const chance = (q: number): string => (q < 1e-4 ? 'q < 0.0001' : `q ${Number(q.toPrecision(2))}`)

/** `recent_late drifted: KS 0.27, allowed 0.1, q < 0.0001 (mean 0.21 → 0.11)` */
export function driftSentence({ feature, measure, effect, minEffect, q, change }: FeatureDrift): string {
  const moved = change === null ? '' : ` (${change})`
  return `${feature} drifted: ${measureName(measure)} ${number(effect)}, allowed ${number(minEffect)}${q === null ? '' : `, ${chance(q)}`}${moved}`
}

/** `log loss 0.46 is 0.02 worse than 0.44 (95 % 0.01 to 0.03), allowed 0.01` */
export function lossSentence({ metric, value, baseline, loss, lossInterval, margin }: MetricResult): string {
  const places = decimalsOf(lossInterval)
  const write = (one: number | null) =>
    one === null || places === undefined
      ? number(one)
      : one
          .toFixed(places)
          .replace(/^-(?=.*[1-9])/, '−')
          .replace(/^-/, '')
  const interval = lossInterval === null ? '' : ` (95 % ${write(lossInterval.low)} to ${write(lossInterval.high)})`
  return `${measureName(metric)} ${write(value)} is ${write(loss)} worse than ${write(baseline?.value ?? null)}${interval}, allowed ${number(margin)}`
}

/** What a window says as one word. */
export function windowState(drift: WindowDrift | null, performance: WindowPerformance | null): MonitorState {
  if (performance?.metrics.some(({ open }) => open)) return 'degraded'
  if (drift?.features.some(({ open }) => open)) return 'drifted'
  const judged = [drift?.verdict, ...(performance?.metrics.map(({ verdict }) => verdict) ?? [])]
  return judged.some((verdict) => verdict !== undefined && verdict !== 'unknown') ? 'in-range' : 'cannot-judge'
}

/** One sentence about the newest window; `seenIn` is the beginning of the window that the performance is of, where that is an older one. */
export function headlineOf(
  drift: WindowDrift | null,
  performance: WindowPerformance | null,
  seenIn: number | null = null,
): string {
  const worse = performance?.metrics.find(({ open }) => open)
  if (worse)
    return worse.loss === null
      ? `${upper(measureName(worse.metric))} was worse than the baseline; the newest window cannot be judged yet.`
      : `${upper(lossSentence(worse))}${windowWords(seenIn)}.`
  const open = drift?.features.filter((feature) => feature.open) ?? []
  const [first] = open.toSorted((a, b) => (b.effect ?? 0) - (a.effect ?? 0))
  if (first) {
    const others = open.length > 1 ? `, and ${open.length - 1} more of ${drift?.features.length} features` : ''
    return `${driftSentence(first)}${others}.`
  }
  const parts = [driftWords(drift), performanceWords(performance, seenIn)].filter((part) => part !== null)
  return parts.map((part, index) => (index === 0 ? upper(part) : part)).join('; ') + '.'
}

function driftWords(drift: WindowDrift | null): string | null {
  if (!drift) return null
  if (drift.verdict === 'unknown')
    return `drift cannot be judged: ${lower(drift.reason ?? 'too few rows')}`.replace(/\.$/, '')
  const first = drift.features.find(({ verdict }) => verdict === 'breach' || verdict === 'severe')
  if (first) return `in one window ${first.feature} moved; it counts once it lasts`
  return `${drift.tests} ${drift.tests === 1 ? 'feature' : 'features'} in range`
}

function performanceWords(performance: WindowPerformance | null, seenIn: number | null): string | null {
  const [metric] = performance?.metrics ?? []
  if (!performance || !metric) return null
  if (metric.verdict === 'unknown' && metric.value === null)
    return lower(metric.reason ?? 'no labels yet').replace(/\.$/, '')
  const said = `${measureName(metric.metric)} ${number(metric.value)}`
  return performance.ripe ? `${said}${windowWords(seenIn)}` : `${said} so far, labels still come`
}

const windowDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
const windowWords = (start: number | null): string =>
  start === null ? '' : `, in the window from ${windowDay.format(start)}, the last that could be judged`

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
