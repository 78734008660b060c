import { compareRuns, getMetricSeries, type ResultOf } from '@trivium/contract'
import type { ReactNode } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { list, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ValuesDiff } from '../../ui/diff.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { Difference, Value } from '../../ui/value.tsx'
import { seriesStroke } from '../../charts/chart-types.ts'
import { CurveChart, runColor } from './run-curves.tsx'
import { isOwnTag } from './run-keys.ts'
import { useLiveRuns } from './use-live-runs.ts'

type Comparison = ResultOf<typeof compareRuns>
type Metric = Comparison['metrics'][number]

const shape = { ids: list(), base: text() }
const mostCurves = 6

/** Runs side by side: what they measured, and what differs between them; the baseline comes first. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const base = view.ids.includes(view.base) ? view.base : view.ids[0]
  const ids = [...new Set([...(base === undefined ? [] : [base]), ...view.ids])]
  const query = useContractQuery(
    compareRuns,
    { params: { project }, query: { runs: ids.join(',') } },
    { enabled: ids.length > 1, keep: true },
  )
  if (ids.length < 2)
    return (
      <>
        <PageHeader title="Compare runs" />
        <p className="t2 mt-16">
          Choose two runs or more in a table of runs and press <kbd>C</kbd>, or name them in the address:{' '}
          <code>?ids=A,B&base=A</code>.
        </p>
      </>
    )
  return (
    <QueryView query={query} what="the comparison" permission="run:read" rows={8}>
      {(data) => (
        <CompareView
          project={project}
          comparison={data}
          onBase={(id) => setView({ base: id })}
          onRemove={ids.length > 2 ? (id) => setView({ ids: view.ids.filter((one) => one !== id) }) : undefined}
        />
      )}
    </QueryView>
  )
}

interface CompareViewProps {
  readonly project: string
  readonly comparison: Comparison
  readonly onBase: (id: string) => void
  readonly onRemove: ((id: string) => void) | undefined
}

function CompareView({ project, comparison, onBase, onRemove }: CompareViewProps) {
  const { runs, metrics, params, inputs } = comparison
  const tags = comparison.tags.filter((tag) => !isOwnTag(tag.key))
  const base = runs[0]
  const names = new Set(runs.map((run) => run.experiment))
  const different = {
    metrics: metrics.filter((one) => one.differs).length,
    inputs: [...params, ...inputs, ...tags].filter((one) => one.differs),
  }
  const of = params.length + inputs.length + tags.length
  return (
    <>
      <PageHeader title={`Compare ${runs.length} runs`} note={[...names].join(', ')} />
      <Claim>
        <b>
          {formatPlural(different.metrics, 'metric')} of {metrics.length} and{' '}
          {formatPlural(different.inputs.length, 'input')} of {of} differ.
        </b>{' '}
        Single values have no interval: whether a difference is more than chance, an evaluation on the same rows says.
      </Claim>
      <div className="mt-12" />
      <DataTable
        label="Runs"
        density="compact"
        keys={false}
        headless
        rows={runs.map((run, index) => ({ run, index }))}
        rowKey={({ run }) => run.id}
        columns={[
          {
            id: 'name',
            head: 'Run',
            cell: ({ run, index }) => (
              <span className="row">
                <Mark index={index} id={run.id} base={base?.id} />
                <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />
                {index === 0 && <span className="t3 sm">baseline</span>}
              </span>
            ),
          },
          {
            id: 'do',
            head: '',
            align: 'right',
            cell: ({ run, index }) => (
              <span className="row" style={{ justifyContent: 'flex-end' }}>
                {index > 0 && (
                  <Button look="link" size="small" onClick={() => onBase(run.id)}>
                    Make it the baseline
                  </Button>
                )}
                {onRemove && (
                  <Button look="link" size="small" onClick={() => onRemove(run.id)}>
                    Leave out
                  </Button>
                )}
              </span>
            ),
          },
        ]}
      />
      <Section title="Metrics" note="last value, and difference from the baseline">
        <MetricsTable comparison={comparison} />
      </Section>
      <Curves project={project} comparison={comparison} />
      <Section title="What differs" note={`${different.inputs.length} of ${of} inputs`}>
        {different.inputs.length === 0 ? (
          <p className="t2 mt-4">Parameters, data and tags are the same.</p>
        ) : (
          <ValuesDiff
            label="What differs"
            columns={runs.map((run, index) => (
              <span className="row" key={run.id}>
                <Mark index={index} id={run.id} base={base?.id} />
                {run.name}
              </span>
            ))}
            rows={different.inputs.map((one) => ({
              name: one.key,
              values: one.values.map(
                (value): ReactNode =>
                  value !== null && value.length > 44 ? `${value.slice(0, 24)}…${value.slice(-12)}` : value,
              ),
            }))}
          />
        )}
      </Section>
    </>
  )
}

function Mark({ index, id, base }: { readonly index: number; readonly id: string; readonly base: string | undefined }) {
  return (
    <svg width="9" height="9" aria-hidden>
      <rect width="9" height="9" fill={seriesStroke(runColor(index, id, base))} />
    </svg>
  )
}

function MetricsTable({ comparison: { runs, metrics } }: { readonly comparison: Comparison }) {
  if (metrics.length === 0) return <p className="t2 mt-4">None of them has a metric.</p>
  return (
    <DataTable
      label="Metrics"
      density="compact"
      keys={false}
      rows={metrics}
      rowKey={(metric) => metric.key}
      columns={[
        {
          id: 'key',
          head: 'Metric',
          sticky: true,
          cell: (metric: Metric) => <span className="mono">{metric.key}</span>,
        },
        ...runs.flatMap((run, index): Column<Metric>[] => [
          {
            id: run.id,
            head: (
              <span className="row" style={{ display: 'inline-flex' }}>
                <Mark index={index} id={run.id} base={runs[0]?.id} />
                {run.name}
              </span>
            ),
            align: 'right',
            cell: (metric) => <Value value={metric.values[index]?.last} />,
          },
          ...(index === 0
            ? []
            : [
                {
                  id: `${run.id}-difference`,
                  head: 'Difference',
                  align: 'right' as const,
                  cell: (metric: Metric) => {
                    const before = metric.values[0]?.last
                    const after = metric.values[index]?.last
                    return typeof before === 'number' && typeof after === 'number' ? (
                      <span className={metric.differs ? undefined : 't3'}>
                        <Difference value={after - before} />
                      </span>
                    ) : (
                      <span className="t3">–</span>
                    )
                  },
                },
              ]),
        ]),
      ]}
    />
  )
}

function Curves({
  project,
  comparison: { runs, metrics },
}: {
  readonly project: string
  readonly comparison: Comparison
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
