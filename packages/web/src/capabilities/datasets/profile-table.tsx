import type { DatasetProfile } from '@trivium/contract'
import { Histogram } from '../../charts/distribution.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

type Column = DatasetProfile['columns'][number]

/** One row a column: nulls, range, the distribution against the version before. */
export function ProfileTable({
  profile,
  before,
}: {
  readonly profile: DatasetProfile
  readonly before: DatasetProfile | undefined
}) {
  const earlier = (column: Column) =>
    before?.columns.find((other) => other.name === column.name && other.kind === column.kind)
  const number = (column: Column, value: number | null) =>
    column.kind === 'temporal' ? <Time at={value} clock="event" /> : <Value value={value} />
  return (
    <DataTable
      label="Column profiles"
      rows={profile.columns}
      rowKey={(column) => column.name}
      keys={false}
      columns={[
        { id: 'name', head: 'Column', sticky: true, cell: (column) => <span className="mono m">{column.name}</span> },
        { id: 'type', head: 'Type', cell: (column) => <span className="t2">{column.type}</span> },
        {
          id: 'shape',
          head: 'Distribution',
          cell: (column) => <Shape column={column} before={earlier(column)} />,
        },
        {
          id: 'nulls',
          head: 'Null',
          unit: '%',
          align: 'right',
          cell: (column) => <Value value={profile.rows === 0 ? null : column.nulls / profile.rows} form="share" />,
        },
        {
          id: 'distinct',
          head: 'Distinct',
          align: 'right',
          cell: (column) => <Value value={column.distinct} form="count" />,
        },
        { id: 'min', head: 'Min', align: 'right', cell: (column) => number(column, column.min) },
        {
          id: 'mean',
          head: 'Mean',
          align: 'right',
          cell: (column) => (column.kind === 'numeric' ? <Value value={column.mean} /> : <span className="t3">–</span>),
        },
        { id: 'max', head: 'Max', align: 'right', cell: (column) => number(column, column.max) },
        {
          id: 'top',
          head: 'Most frequent',
          cut: true,
          cell: (column) =>
            column.top ? (
              <span className="t2">
                {column.top
                  .slice(0, 4)
                  .map((entry) => entry.value)
                  .join(', ')}
              </span>
            ) : (
              <span className="t3">–</span>
            ),
        },
      ]}
    />
  )
}

function Shape({ column, before }: { readonly column: Column; readonly before: Column | undefined }) {
  if (column.histogram) {
    const same = before?.histogram && before.histogram.counts.length === column.histogram.counts.length
    return (
      <Histogram
        counts={column.histogram.counts}
        before={same ? before.histogram?.counts : undefined}
        label={`Distribution of ${column.name}`}
      />
    )
  }
  if (column.top)
    return (
      <Histogram
        counts={column.top.map((entry) => entry.count)}
        label={`Counts of the most frequent values of ${column.name}`}
      />
    )
  return <span className="t3">–</span>
}
