import type { getPerformanceSeries, ResultOf } from '@trivium/contract'
import type { ChartFlag, ChartSeries, ChartSpan } from '../../charts/chart-types.ts'
import { TimeSeries } from '../../charts/time-series.tsx'
import { formatNumber } from '../../ui/format-number.ts'
import { measureTitle } from './measure-words.ts'
import { flagsWithin, spansWithin } from './watch-marks.ts'

/** Realised performance as the API gives it. */
export type Performance = ResultOf<typeof getPerformanceSeries>

interface PerformanceChartProps {
  readonly metric: Performance['metrics'][number]
  /** `of arrival-delay`. */
  readonly of?: string
  readonly flags: readonly ChartFlag[]
  readonly spans: readonly ChartSpan[]
  readonly height?: number
  readonly caption?: boolean
  readonly syncKey?: string
  /** The model version whose limit is drawn; the newest unless said. */
  readonly version?: number | null | undefined
}

/** One metric by window: final windows as a line with intervals, unripe ones dotted under hatching, the limit as a line. */
export function PerformanceChart({
  metric,
  of = '',
  flags,
  spans,
  height = 232,
  caption = true,
  syncKey = 'monitor',
  version,
}: PerformanceChartProps) {
  const { points } = metric
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last) return <p className="t2">No window is closed yet.</p>
  const domain = [first.start, Math.max(last.end, first.start + 1)] as const
  const unripe = points.find((point) => !point.ripe)
  const lastRipe = points.findLast((point) => point.ripe && point.value !== null)
  const baselined =
    points.findLast((point) => point.baseline !== null && point.version === version) ??
    points.findLast((point) => point.baseline !== null)
  const baseline = baselined?.baseline
  const sign = metric.direction === 'higher-is-better' ? -1 : 1
  const limit = baseline ? baseline.value + sign * metric.margin : undefined
  const limitOf = baselined?.version ? ` of v${baselined.version}` : ''
  const toPoint = (point: (typeof points)[number]) => ({
    x: (point.start + point.end) / 2,
    y: point.value,
    low: point.interval?.low ?? null,
    high: point.interval?.high ?? null,
    flagged: point.verdict === 'breach' || point.verdict === 'severe',
  })
  const soFar = points.filter((point) => !point.ripe && point.value !== null)
  const title = `${measureTitle(metric.metric)}${of === '' ? '' : ` of ${of}`}`
  return (
    <TimeSeries
      title={title}
      how={`by window, 95 % interval, ${metric.direction === 'higher-is-better' ? 'higher' : 'lower'} is better`}
      height={height}
      domain={domain}
      syncKey={syncKey}
      flags={flagsWithin(flags, domain)}
      spans={spansWithin(spans, domain)}
      maturity={unripe?.start}
      thresholds={limit === undefined ? [] : [{ value: limit, label: `limit${limitOf} ${formatNumber(limit, 3)}` }]}
      series={[
        {
          id: 'measured',
          label: 'measured, final',
          color: 'base',
          kind: 'measured',
          points: points.filter((point) => point.ripe).map(toPoint),
        },
        ...baselinesOf(points),
        ...(soFar.length > 0
          ? [
              {
                id: 'so-far',
                label: 'measured so far',
                kind: 'so-far' as const,
                points: [...(lastRipe ? [{ x: toPoint(lastRipe).x, y: lastRipe.value }] : []), ...soFar.map(toPoint)],
              },
            ]
          : []),
      ]}
      caption={
        caption &&
        (unripe
          ? 'Hatched: labels still arrive, so only “measured so far” is drawn and alerts wait.'
          : 'All windows have their labels.')
      }
    />
  )
}

/** What each of the newest versions is judged against, over its own windows. */
function baselinesOf(points: Performance['metrics'][number]['points']): ChartSeries[] {
  const judged = points.filter((point) => point.baseline !== null)
  const versions = [...Map.groupBy(judged, (point) => point.version)].slice(-3)
  return versions.flatMap(([version, own]) => {
    const [first, last] = [own[0], own.at(-1)]
    const value = last?.baseline?.value
    if (!first || !last || value === undefined) return []
    return [
      {
        id: `baseline-${version}`,
        label: `baseline${versions.length > 1 ? ` of v${version}` : ''} ${formatNumber(value, 3)}`,
        color: 'base',
        kind: 'plan',
        points: [
          { x: first.start, y: value },
          { x: last.end, y: value },
        ],
      },
    ]
  })
}

interface OutcomeChartProps {
  readonly days: Performance['days']
  readonly flags: readonly ChartFlag[]
  readonly spans: readonly ChartSpan[]
  readonly height?: number
  readonly maturity?: number | undefined
}

/** What was said and what was, day by day. */
export function OutcomeChart({ days, flags, spans, maturity, height = 190 }: OutcomeChartProps) {
  const first = days[0]
  const last = days.at(-1)
  if (!first || !last) return null
  const domain = [first.at, Math.max(last.at, first.at + 1)] as const
  const values = days.flatMap((day) => [day.meanPredicted, day.meanActual]).filter((value) => value !== null)
  const form = values.every((value) => value >= 0 && value <= 1) ? ('share' as const) : ('number' as const)
  return (
    <TimeSeries
      title="Predicted and observed"
      how="mean by day of prediction"
      height={height}
      form={form}
      domain={domain}
      syncKey="monitor"
      flags={flagsWithin(flags, domain)}
      spans={spansWithin(spans, domain)}
      maturity={maturity}
      series={[
        {
          id: 'observed',
          label: 'observed',
          color: 'base',
          points: days.map((day) => ({ x: day.at, y: day.labelled === 0 ? null : day.meanActual })),
        },
        {
          id: 'predicted',
          label: 'predicted',
          color: 's2',
          points: days.map((day) => ({ x: day.at, y: day.meanPredicted })),
        },
      ]}
    />
  )
}
