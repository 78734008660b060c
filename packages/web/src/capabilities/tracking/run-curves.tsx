import { type Baseline, getMetricSeries, type MetricSeries } from '@trivium/contract'
import { type SeriesColor, seriesOrder } from '../../charts/chart-types.ts'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { useLiveRuns } from './use-live-runs.ts'

interface CurveRun {
  readonly id: string
  readonly name: string
}

interface RunCurvesProps {
  readonly project: string
  readonly runs: readonly CurveRun[]
  readonly metric: string | undefined
  readonly note: string
  readonly colors?: ReadonlyMap<string, SeriesColor> | undefined
  readonly published?: readonly Baseline[]
}

/** Curves of one metric of several runs; nothing where no run has a curve. */
export function RunCurves({ project, runs, metric, note, colors, published = [] }: RunCurvesProps) {
  const query = useContractQuery(
    getMetricSeries,
    { params: { project }, query: { runs: runs.map((run) => run.id).join(','), keys: metric ?? '' } },
    { enabled: metric !== undefined && runs.length > 0, keep: true },
  )
  useLiveRuns(
    (run) => metric !== undefined && runs.some((one) => one.id === run),
    () => void query.refetch(),
  )
  const series = query.data?.series.filter((one) => one.points.length > 1) ?? []
  if (metric === undefined || series.length === 0) return null
  return (
    <CurveChart
      metric={metric}
      how={`by step, ${note}`}
      runs={runs}
      series={series}
      height={170}
      colors={colors}
      published={published}
    />
  )
}

interface CurveChartProps {
  readonly metric: string
  readonly how?: string
  readonly runs: readonly CurveRun[]
  readonly series: readonly MetricSeries[]
  readonly height?: number
  /** The baseline is drawn in neutral. */
  readonly base?: string | undefined
  /** Results that were published for the metric are lines across. */
  readonly published?: readonly Baseline[]
  /** Colours that the page has given; else by place. */
  readonly colors?: ReadonlyMap<string, SeriesColor> | undefined
}

/** One metric over steps, a line a run; a run keeps its colour by its place. */
export function CurveChart(props: CurveChartProps) {
  const { metric, how = 'by step', runs, series, height = 190, base, colors, published = [] } = props
  return (
    <TimeSeries
      title={metric}
      how={how}
      x="number"
      height={height}
      syncKey="curves"
      thresholds={published.filter((one) => one.metric === metric).map(({ name, value }) => ({ value, label: name }))}
      series={runs.flatMap((run, index) => {
        const found = series.find((one) => one.run === run.id && one.key === metric)
        return found
          ? [
              {
                id: run.id,
                label: runs.length === 1 ? '' : run.name.length > 22 ? `${run.name.slice(0, 20)}…` : run.name,
                color: colors?.get(run.id) ?? runColor(index, run.id, base),
                points: found.points.map(([step, , value]) => ({ x: step, y: value })),
              },
            ]
          : []
      })}
    />
  )
}

/** The colour of a run in every chart of a page. */
export function runColor(index: number, id: string, base: string | undefined): SeriesColor {
  return id === base ? 'base' : (seriesOrder[index % seriesOrder.length] ?? 's1')
}
