import { getMetricSeries, type RunComparison } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Section } from '../../ui/section.tsx'
import { CurveChart } from './run-curves.tsx'
import { useLiveRuns } from './use-live-runs.ts'

const mostCurves = 6

/** Curves of the metrics that have some, the runs over each other. */
export function CompareCurves({
  project,
  comparison: { runs, metrics },
}: {
  readonly project: string
  readonly comparison: RunComparison
}) {
  const keys = metrics
    .filter((metric) => metric.values.some((value) => (value?.count ?? 0) > 1))
    .map((metric) => metric.key)
    .slice(0, mostCurves)
  const query = useContractQuery(
    getMetricSeries,
    { params: { project }, query: { runs: runs.map((run) => run.id).join(','), keys: keys.join(',') } },
    { enabled: keys.length > 0, keep: true },
  )
  useLiveRuns(
    (run) => keys.length > 0 && runs.some((one) => one.id === run),
    () => void query.refetch(),
  )
  if (keys.length === 0) return null
  return (
    <Section title="Curves" note="by step; a run keeps its colour">
      <QueryView query={query} what="the curves" shape="chart" permission="run:read">
        {({ series }) => (
          <div className="cols-2 mt-8">
            {keys.map((key) => (
              <CurveChart key={key} metric={key} runs={runs} series={series} base={runs[0]?.id} />
            ))}
          </div>
        )}
      </QueryView>
    </Section>
  )
}
