import { getMetricSeries, type RunDetail } from '@trivium/contract'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { isSystemMetric, readSystemMetric, systemValue } from './system-metric.ts'
import { useLiveRuns } from './use-live-runs.ts'

const mostCurves = 24
const parts = ['Processor', 'Memory', 'Graphics cards', 'Disk', 'Network', 'Other'] as const

/** How busy the machine was: the metrics that `mlflow.enable_system_metrics_logging` logs, by part of the machine. */
export function RunSystem({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const metrics = run.metrics
    .filter(({ key }) => isSystemMetric(key))
    .map((metric) => ({ ...metric, ...readSystemMetric(metric.key) }))
    .toSorted((a, b) => parts.indexOf(a.part) - parts.indexOf(b.part))
  const curves = metrics.filter((metric) => metric.count > 1).slice(0, mostCurves)
  const query = useContractQuery(
    getMetricSeries,
    { params: { project }, query: { runs: run.id, keys: curves.map(({ key }) => key).join(',') } },
    { enabled: curves.length > 0, keep: true },
  )
  useLiveRuns(
    (id) => id === run.id && curves.length > 0,
    () => void query.refetch(),
  )
  if (metrics.length === 0)
    return (
      <p className="t2">
        Nothing was measured of the machine. <code>mlflow.enable_system_metrics_logging()</code> before the run, or{' '}
        <code>MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=true</code>, shows processor, memory, disk, network and graphics
        cards here.
      </p>
    )
  return (
    <>
      {curves.length > 0 && (
        <QueryView query={query} what="the machine" shape="chart" permission="run:read">
          {({ series }) => (
            <div className="cols-2">
              {curves.map(({ key, label, unit }) => (
                <TimeSeries
                  key={key}
                  title={label}
                  how={unit}
                  x="time"
                  height={130}
                  syncKey="machine"
                  {...(unit === '%' ? { range: [0, 100] as const } : {})}
                  series={[
                    {
                      id: key,
                      label: '',
                      color: 's1',
                      points: (series.find((one) => one.key === key)?.points ?? []).map(([, at, y]) => ({ x: at, y })),
                    },
                  ]}
                />
              ))}
            </div>
          )}
        </QueryView>
      )}
      <Section title="All measures" note="of the machine that the run was on">
        <DataTable
          label="Measures of the machine"
          density="compact"
          keys={false}
          rows={metrics}
          rowKey={(metric) => metric.key}
          columns={[
            { id: 'part', head: 'Part', cell: (metric) => metric.part },
            { id: 'label', head: 'Measure', cell: (metric) => <span title={metric.key}>{metric.label}</span> },
            { id: 'last', head: 'Last', align: 'right', cell: (metric) => systemValue(metric.last, metric.unit) },
            { id: 'min', head: 'Least', align: 'right', cell: (metric) => systemValue(metric.min, metric.unit) },
            { id: 'max', head: 'Most', align: 'right', cell: (metric) => systemValue(metric.max, metric.unit) },
          ]}
        />
      </Section>
    </>
  )
}
