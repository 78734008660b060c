import { getMetricSeries, type MetricSeries } from '@trivium/contract'
import type { ChartPoint, SeriesColor } from '../../../charts/chart-types.ts'
import { TimeSeries } from '../../../charts/time-series.tsx'
import { useContractQuery } from '../../../data/contract-query.ts'
import { useLiveRuns } from '../use-live-runs.ts'
import { bandOf, smoothPoints } from './curve-math.ts'
import { useVisible } from './use-visible.ts'

/** A curve of one run, or the band of a group's. */
export interface CurveSet {
  readonly id: string
  readonly label: string
  /** How many of the group's runs are drawn: `12 of 40`. */
  readonly note?: string
  readonly color: SeriesColor
  readonly runs: readonly string[]
}

/** How curves are drawn on a page. */
export interface CurveLook {
  readonly smooth: number
  readonly axis: 'step' | 'time'
  /** Steps that were zoomed in on. */
  readonly from: number | undefined
  readonly to: number | undefined
}

interface MetricPanelProps extends CurveLook {
  readonly project: string
  readonly metric: string
  readonly sets: readonly CurveSet[]
  readonly grouped: boolean
  readonly onRange: (range: readonly [number, number] | undefined) => void
}

/** One metric over its steps; read when it comes into sight. The cross-hair is shared by all panels of the page. */
export function MetricPanel(props: MetricPanelProps) {
  const { project, metric, sets, grouped, smooth, axis, from, to, onRange } = props
  const [attach, seen] = useVisible<HTMLDivElement>()
  const runs = sets.flatMap((set) => set.runs).slice(0, 100)
  const zoomed = axis === 'step' && from !== undefined && to !== undefined
  const query = useContractQuery(
    getMetricSeries,
    {
      params: { project },
      query: {
        runs: runs.join(','),
        keys: metric,
        points: grouped ? 120 : 320,
        ...(zoomed ? { from_step: Math.floor(from), to_step: Math.ceil(to) } : {}),
      },
    },
    { enabled: seen && runs.length > 0, keep: true },
  )
  useLiveRuns(
    (run) => seen && runs.includes(run),
    () => void query.refetch(),
  )
  const found = query.data?.series ?? []
  const series = sets.flatMap((set) => {
    const curves = set.runs.flatMap((run) => {
      const one = found.find((series) => series.run === run && series.key === metric)
      return one && one.points.length > 0 ? [pointsOf(one, axis)] : []
    })
    if (curves.length === 0) return []
    const points = grouped ? bandOf(curves) : (curves[0] ?? [])
    const label = set.label.length > 20 ? `${set.label.slice(0, 18)}…` : set.label
    if (smooth === 0) return [{ id: set.id, label, color: set.color, points }]
    return [{ id: set.id, label, color: set.color, points: smoothPoints(points, smooth), raw: points }]
  })
  return (
    <div ref={attach} style={{ minHeight: 190 }}>
      {query.error ? (
        <p className="t2 sm">{`${metric} could not be read: ${query.error.detail}`}</p>
      ) : seen && query.data !== undefined && series.length === 0 ? (
        <p className="t3 sm">{`${metric}: none of the drawn runs has it${zoomed ? ' in these steps' : ''}.`}</p>
      ) : (
        <TimeSeries
          title={metric}
          how={howOf(axis, grouped, smooth)}
          x="number"
          xLabel={axis === 'time' ? 'minutes' : 'step'}
          height={170}
          syncKey="curves"
          legend={false}
          series={series}
          {...(axis === 'step' ? { onRange } : {})}
        />
      )}
    </div>
  )
}

function pointsOf(series: MetricSeries, axis: 'step' | 'time'): ChartPoint[] {
  if (axis === 'step') return series.points.map(([step, , value]) => ({ x: step, y: value }))
  const begun = Math.min(...series.points.map(([, at]) => at))
  return series.points.map(([, at, value]) => ({ x: (at - begun) / 60_000, y: value })).toSorted((a, b) => a.x - b.x)
}

function howOf(axis: 'step' | 'time', grouped: boolean, smooth: number): string {
  return [
    axis === 'time' ? 'by minutes since the first point' : 'by step',
    ...(grouped ? ['mean of the group, band of one standard deviation'] : []),
    ...(smooth > 0 ? [`smoothed ${smooth}${grouped ? '' : ', measured faint'}`] : []),
  ].join(', ')
}
