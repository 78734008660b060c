import type { MetricSummary, RunDetail } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { LiveCell } from '../../ui/live-cell.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

/** Every metric with its last value and range. */
export function MetricTable({ run }: { readonly run: RunDetail }) {
  if (run.metrics.length === 0)
    return <p className="t2">{run.status === 'RUNNING' ? 'No metric yet.' : 'The run logged no metric.'}</p>
  const curves = run.metrics.some((metric) => metric.count > 1)
  return (
    <Section title="All metrics" note={curves ? 'the last value is that of the highest step' : undefined}>
      <DataTable
        label="Metrics"
        density="compact"
        keys={false}
        rows={run.metrics}
        rowKey={(metric) => metric.key}
        columns={[
          {
            id: 'key',
            head: 'Metric',
            sortBy: (metric: MetricSummary) => metric.key,
            cell: (metric) => (
              <>
                <span className="mono">{metric.key}</span>
                <RecoveredMark recovered={run.recovered.find((one) => one.key === metric.key)} />
              </>
            ),
          },
          {
            id: 'last',
            head: 'Last',
            align: 'right',
            sortBy: (metric) => metric.last,
            cell: (metric) =>
              metric.last === null ? (
                <span className="t3">NaN</span>
              ) : (
                <LiveCell value={metric.last}>
                  <Value value={metric.last} strong />
                </LiveCell>
              ),
          },
          { id: 'min', head: 'Least', align: 'right', cell: (metric) => <Value value={metric.min} /> },
          { id: 'max', head: 'Most', align: 'right', cell: (metric) => <Value value={metric.max} /> },
          { id: 'step', head: 'Step', align: 'right', cell: (metric) => <Value value={metric.step} form="count" /> },
          {
            id: 'count',
            head: 'Points',
            align: 'right',
            cell: (metric) => (
              <>
                <Value value={metric.count} form="count" />
                {metric.nanCount > 0 && <span className="t3 sm"> {metric.nanCount} NaN</span>}
              </>
            ),
          },
          { id: 'at', head: 'When', align: 'right', cell: (metric) => <Time at={metric.timestamp} /> },
        ]}
      />
    </Section>
  )
}

/** Says of a metric that it was computed from checkpoints afterwards; who and when. */
function RecoveredMark({ recovered }: { readonly recovered: RunDetail['recovered'][number] | undefined }) {
  if (!recovered) return null
  return (
    <span className="t2 sm">
      {` ${formatPlural(recovered.points, 'point')} recovered from checkpoints by `}
      <Person name={recovered.byName} />
      {', '}
      <Time at={recovered.at} />
    </span>
  )
}

/** Names and values of parameters or tags. */
export function ParamTable({
  label,
  values,
}: {
  readonly label: string
  readonly values: readonly [string, string][]
}) {
  if (values.length === 0) return <p className="t2">None.</p>
  return (
    <DataTable
      label={label}
      density="compact"
      keys={false}
      rows={values}
      rowKey={([key]) => key}
      columns={[
        {
          id: 'key',
          head: 'Name',
          width: '32%',
          sortBy: ([key]: readonly [string, string]) => key,
          cell: ([key]) => <span className="mono">{key}</span>,
        },
        {
          id: 'value',
          head: 'Value',
          cell: ([, value]) => <span style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{value}</span>,
        },
      ]}
    />
  )
}
