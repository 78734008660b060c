import type { FeatureDrift, MonitorWindow, WindowDrift } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { TimeRange } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { Verdict } from '../../ui/verdict.tsx'
import { formatChance, measureWord } from './measure-words.ts'
import { verdictWord } from './monitor-state.ts'

interface FeatureTableProps {
  readonly window: MonitorWindow
  readonly drift: WindowDrift
  readonly chosen?: string | undefined
  readonly onFeature: (feature: string) => void
}

/** Each feature of one window against the reference: size first, then chance. */
export function FeatureTable({ window, drift, chosen, onFeature }: FeatureTableProps) {
  const reference = drift.reference ? parseUrn(drift.reference.urn) : undefined
  return (
    <Section
      title={
        <>
          Features, <TimeRange from={window.start} to={window.end - 1} />
        </>
      }
      note={
        <>
          {formatPlural(drift.tests, 'feature')} tested together, false discoveries below {drift.q}
          {reference && (
            <>
              , against{' '}
              <EntityLink
                kind={reference.kind}
                name={reference.name}
                id={reference.id}
                version={reference.version}
                look="bare"
              />
            </>
          )}
        </>
      }
    >
      {drift.reason !== null && <p className="t2 mt-4">{drift.reason}</p>}
      <DataTable
        label="Features of the window"
        density="compact"
        keys={false}
        rows={drift.features.toSorted((a, b) => (b.effect ?? -1) - (a.effect ?? -1))}
        rowKey={(one) => one.column}
        tone={(one) => (one.feature === chosen ? 'selected' : undefined)}
        columns={[
          {
            id: 'feature',
            head: 'Feature',
            cell: (one: FeatureDrift) => (
              <button type="button" className="link mono" onClick={() => onFeature(one.feature)}>
                {one.feature}
              </button>
            ),
          },
          {
            id: 'verdict',
            head: 'Found',
            cell: (one) =>
              one.open ? <State kind="warn">drifted</State> : <Verdict verdict={verdictWord(one.verdict)} />,
          },
          { id: 'measure', head: 'Distance', cell: (one) => <span className="t2">{measureWord(one.measure)}</span> },
          {
            id: 'effect',
            head: 'Size',
            align: 'right',
            cell: (one) => <Value value={one.effect} decimals={3} strong />,
          },
          {
            id: 'allowed',
            head: 'Allowed',
            align: 'right',
            cell: (one) => <Value value={one.minEffect} decimals={2} />,
          },
          {
            id: 'q',
            head: 'q',
            align: 'right',
            cell: (one) => (one.q === null ? <span className="t3">–</span> : formatChance(one.q)),
          },
          {
            id: 'change',
            head: 'What moved',
            cut: true,
            cell: (one) => one.reason ?? one.change ?? <span className="t3">–</span>,
          },
          { id: 'rows', head: 'Rows', align: 'right', cell: (one) => <Value value={one.rows} form="count" /> },
          { id: 'nulls', head: 'Missing', align: 'right', cell: (one) => <Value value={one.nulls} form="count" /> },
        ]}
      />
    </Section>
  )
}
