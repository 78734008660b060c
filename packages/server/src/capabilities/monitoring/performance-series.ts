import type { MetricResult, MonitorWindow, PerformanceDay } from '@trivium/contract'
import { metricDirections } from '../../kernel/stats/index.ts'

/** Realised performance over windows (oldest first), metric by metric, and day by day. */
export function performanceSeries(windows: readonly MonitorWindow[]) {
  const metrics = new Map<MetricResult['metric'], ReturnType<typeof emptySeries>>()
  const days: PerformanceDay[] = []
  for (const { start, end, release, version, performance } of windows) {
    if (!performance) continue
    days.push(...performance.days)
    for (const { metric, value, interval, baseline, verdict, reason, open, margin } of performance.metrics) {
      const series = metrics.get(metric) ?? emptySeries(metric, margin)
      const { predicted, labelled, completeness, ripe } = performance
      series.points.push({
        start,
        end,
        release,
        version,
        value,
        interval,
        baseline,
        predicted,
        labelled,
        completeness,
        ripe,
        verdict,
        reason,
        open,
      })
      metrics.set(metric, { ...series, margin, open })
    }
  }
  return { metrics: [...metrics.values()], days }
}

function emptySeries(metric: MetricResult['metric'], margin: number) {
  return {
    metric,
    direction: metricDirections[metric],
    margin,
    open: false,
    points: [] as (Pick<MetricResult, 'value' | 'interval' | 'baseline' | 'verdict' | 'reason' | 'open'> & {
      start: number
      end: number
      release: string | null
      version: number | null
      predicted: number
      labelled: number
      completeness: number
      ripe: boolean
    })[],
  }
}
