import type { Evidence } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Evidence of a version, one row each: what was found, on what, with the interval where there is one. */
export function EvidenceTable({ evidence }: { readonly evidence: readonly Evidence[] }) {
  const differences = evidence.map(differenceOf)
  const known = differences.filter((one) => one !== undefined)
  const domain = forestDomain(known, 0)
  if (evidence.length === 0)
    return <p className="t2">Nothing was attached yet. Evaluations, gates and approvals leave their evidence here.</p>
  return (
    <DataTable
      label="Evidence"
      keys={false}
      rows={evidence.map((one, index) => ({ one, difference: differences[index] }))}
      rowKey={(row) => row.one.digest + row.one.kind}
      columns={[
        {
          id: 'what',
          width: '52%',
          head: <span style={{ paddingLeft: 20 }}>Found</span>,
          cell: ({ one }) => (
            <span className="row">
              <StateGlyph
                kind={one.verdict === 'passed' ? 'ok' : one.verdict === 'failed' ? 'bad' : 'none'}
                label={one.verdict === 'info' ? 'information' : one.verdict}
              />
              <span style={{ whiteSpace: 'normal', minWidth: 200 }}>{one.summary}</span>
            </span>
          ),
        },
        { id: 'kind', head: 'Kind', cell: ({ one }) => <span className="t2">{one.kind}</span> },
        {
          id: 'interval',
          head: 'Difference, 95 %',
          cell: ({ difference }) =>
            difference ? (
              <Forest
                value={difference.value}
                low={difference.low}
                high={difference.high}
                domain={domain}
                reference={0}
                look="difference"
                width={140}
              />
            ) : (
              <span className="t3">–</span>
            ),
        },
        {
          id: 'on',
          head: 'On',
          cell: ({ one }) => (
            <span className="row">
              {one.subjects
                .filter((urn) => urn.includes('/dataset/'))
                .slice(0, 1)
                .map((urn) => {
                  const entity = parseUrn(urn)
                  return entity ? (
                    <EntityLink
                      key={urn}
                      kind={entity.kind}
                      name={entity.name}
                      id={entity.id}
                      version={entity.version}
                      look="bare"
                    />
                  ) : null
                })}
            </span>
          ),
        },
        { id: 'at', head: 'When', align: 'right', cell: ({ one }) => <Time at={one.at} clock="event" /> },
      ]}
    />
  )
}

function differenceOf(evidence: Evidence): { value: number; low: number; high: number } | undefined {
  const found = evidence.data['difference']
  if (typeof found !== 'object' || found === null) return undefined
  const { value, low, high } = found as Record<string, unknown>
  return typeof value === 'number' && typeof low === 'number' && typeof high === 'number'
    ? { value, low, high }
    : undefined
}
