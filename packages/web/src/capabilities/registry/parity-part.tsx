import type { Evidence, ParityData } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatCount, formatShare } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Value } from '../../ui/value.tsx'

const ran = { onnx: 'run as ONNX', python: 'run in Python', recorded: 'recorded in the data' } as const

/** The last comparison of a converted version with its original; nothing where none was made. */
export function ParityPart({ evidence }: { readonly evidence: readonly Evidence[] }) {
  const last = evidence.findLast((one) => one.kind === 'parity')
  if (!last) return null
  const data = last.data as unknown as ParityData
  const original = data.original === null ? undefined : parseUrn(data.original)
  const source = parseUrn(data.source.urn)
  return (
    <Section
      title="Parity with its original"
      note={`tolerance ${data.tolerance.absolute} + ${data.tolerance.relative} of the value`}
    >
      <Facts
        facts={[
          {
            label: 'Original',
            value: (
              <>
                {original && <EntityLink kind="model" name={original.id} version={original.version} look="bare" />}{' '}
                <span className="t3">{ran[data.ran]}</span>
              </>
            ),
          },
          {
            label: 'On',
            value: source ? (
              <EntityLink kind={source.kind} name={source.name} id={source.id} version={source.version} look="bare" />
            ) : (
              data.source.urn
            ),
          },
          { label: 'Rows', value: `${formatCount(data.rows)} of ${formatCount(data.of)}` },
          {
            label: 'Beyond, 95 %',
            value: `${formatShare(data.share)} (${formatShare(data.low)} to ${formatShare(data.high)})`,
          },
        ]}
      />
      <DataTable
        label="Outputs"
        keys={false}
        density="compact"
        rows={data.columns}
        rowKey={(one) => one.converted}
        columns={[
          { id: 'output', head: 'Output', cell: (one) => <span className="mono">{one.converted}</span> },
          { id: 'original', head: 'Of the original', cell: (one) => <span className="mono">{one.original}</span> },
          { id: 'beyond', head: 'Rows beyond', align: 'right', cell: (one) => formatCount(one.beyond) },
          {
            id: 'far',
            head: 'Largest difference',
            align: 'right',
            cell: (one) => <Value value={one.largestAbsolute} />,
          },
          { id: 'part', head: 'Largest share', align: 'right', cell: (one) => <Value value={one.largestRelative} /> },
          { id: 'mean', head: 'Mean difference', align: 'right', cell: (one) => <Value value={one.meanAbsolute} /> },
        ]}
      />
      {data.worst.length > 0 && (
        <div className="mt-16">
          <Section title="Rows that differ most" level={3} note="by their number in the data, from 0">
            <DataTable
              label="Rows that differ most"
              keys={false}
              density="compact"
              rows={data.worst}
              rowKey={(one) => `${one.row}/${one.column}`}
              columns={[
                { id: 'row', head: 'Row', align: 'right', cell: (one) => formatCount(one.row) },
                { id: 'column', head: 'Output', cell: (one) => <span className="mono">{one.column}</span> },
                { id: 'was', head: 'Original', align: 'right', cell: (one) => shown(one.original) },
                { id: 'now', head: 'Converted', align: 'right', cell: (one) => shown(one.converted) },
                {
                  id: 'beyond',
                  head: 'Tolerance',
                  cell: (one) => (one.beyond ? <State kind="bad">beyond</State> : <State kind="ok">within</State>),
                },
              ]}
            />
          </Section>
        </div>
      )}
    </Section>
  )
}

/** As many digits as tell two single-precision numbers apart. */
const shown = (value: ParityData['worst'][number]['original']): string =>
  value === null ? 'missing' : typeof value === 'number' ? String(Number(value.toPrecision(9))) : String(value)
