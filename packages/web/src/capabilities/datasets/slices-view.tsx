import type { ClassBalance, DatasetSlices } from '@trivium/contract'
import { useState } from 'react'
import { DataTable } from '../../ui/data-table.tsx'
import { SelectField } from '../../ui/field.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { Value } from '../../ui/value.tsx'

const shares = ({ classes, rows }: ClassBalance): string =>
  classes
    .slice(0, 4)
    .map(({ value, count }) => `${value} ${((100 * count) / Math.max(1, rows)).toPrecision(3)} %`)
    .join(', ')

interface SlicesViewProps {
  readonly slices: readonly DatasetSlices[]
  readonly balance: ClassBalance | null
}

/** Statistics of one column, slice by slice; rare values have lines of their own. */
export function SlicesView({ slices, balance }: SlicesViewProps) {
  const [by, setBy] = useState(slices[0]?.column ?? '')
  const chosen = slices.find((one) => one.column === by) ?? slices[0]
  const names = chosen?.slices[0]?.columns.map(({ name }) => name) ?? []
  const [column, setColumn] = useState('')
  const shown = names.includes(column) ? column : (names.find((name) => name !== chosen?.column) ?? '')
  const number = (pick: (entry: DatasetSlices['slices'][number]['columns'][number]) => number | null) => {
    const Cell = (slice: DatasetSlices['slices'][number]) => (
      <Value value={pick(slice.columns.find(({ name }) => name === shown) as never) ?? null} />
    )
    return Cell
  }
  return (
    <>
      {balance && (
        <Section title="Classes" note={`of ${balance.column}, ${formatCount(balance.rows)} rows with a label`}>
          <p className="t2">
            {shares(balance)}
            {balance.evenness !== null && `. Evenness ${balance.evenness.toPrecision(3)} of 1.`}
          </p>
        </Section>
      )}
      {chosen ? (
        <Section
          title={`By ${chosen.column}`}
          note={
            chosen.otherSlices > 0
              ? `${formatPlural(chosen.otherSlices, 'rarer value')} with ${formatCount(chosen.otherRows)} rows left out`
              : undefined
          }
        >
          <div className="row gap-8">
            {slices.length > 1 && (
              <SelectField
                label="Slices"
                value={chosen.column}
                onChange={(event) => setBy(event.target.value)}
                options={slices.map((one) => ({ value: one.column, label: one.column }))}
              />
            )}
            <SelectField
              label="Column"
              value={shown}
              onChange={(event) => setColumn(event.target.value)}
              options={names.map((name) => ({ value: name, label: name }))}
            />
          </div>
          <DataTable
            label={`${shown} by ${chosen.column}`}
            rows={chosen.slices}
            rowKey={(slice) => slice.value ?? '(empty)'}
            keys={false}
            columns={[
              { id: 'value', head: chosen.column, sticky: true, cell: (slice) => slice.value ?? '(empty)' },
              {
                id: 'rows',
                head: 'Rows',
                align: 'right',
                cell: (slice) => <Value value={slice.rows} form="count" />,
              },
              {
                id: 'nulls',
                head: 'Null',
                unit: '%',
                align: 'right',
                cell: (slice) => (
                  <Value
                    value={(slice.columns.find(({ name }) => name === shown)?.nulls ?? 0) / Math.max(1, slice.rows)}
                    form="share"
                  />
                ),
              },
              { id: 'distinct', head: 'Distinct', align: 'right', cell: number((entry) => entry.distinct) },
              { id: 'mean', head: 'Mean', align: 'right', cell: number((entry) => entry.mean) },
              { id: 'std', head: 'Deviation', align: 'right', cell: number((entry) => entry.std) },
              { id: 'median', head: 'Median', align: 'right', cell: number((entry) => entry.quantiles?.[2] ?? null) },
              {
                id: 'most',
                head: 'Most rows have',
                cell: (slice) => {
                  const found = slice.columns.find(({ name }) => name === shown)
                  if (!found?.majority) return <span className="t3">–</span>
                  return (
                    <span className={found.lowVariance ? 'm' : 't2'}>
                      {found.majority.value} ({(found.majority.share * 100).toPrecision(3)} %)
                    </span>
                  )
                },
              },
              ...(balance
                ? [
                    {
                      id: 'classes',
                      head: 'Classes',
                      cell: (slice: DatasetSlices['slices'][number]) => (
                        <span className="t2">{slice.balance ? shares(slice.balance) : '–'}</span>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        </Section>
      ) : (
        <p className="t2 prose">
          No slices are declared. Name columns under <span className="mono">slices</span> with{' '}
          <span className="mono">trivium data declare</span>; from the next version on each of their values is profiled
          apart.
        </p>
      )}
    </>
  )
}
