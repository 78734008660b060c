import type { AlertDetail } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { kindWord } from '../../ui/entity-kinds.ts'
import { useNow } from '../../ui/environment.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatNumber, formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time, TimeRange } from '../../ui/time.tsx'
import { measureWord } from '../monitoring/measure-words.ts'
import { alertState, usefulnessKinds, usefulnessWords } from './alert-state.ts'

/** Their names are ids, which nobody reads. */
const namedById = new Set(['pipeline-run', 'release', 'run', 'evaluation', 'logged-model', 'window'])

/** What followed, what was done, the windows it rests on, and the same alert before. */
export function AlertHistory({ alert }: { readonly alert: AlertDetail }) {
  const now = useNow('event')
  return (
    <>
      <Section title="What followed" note="by lineage, from this alert forward">
        {alert.followed.length === 0 ? (
          <p className="t2 mt-4">Nothing yet. A pipeline with a trigger on alerts would start here.</p>
        ) : (
          <DataTable
            label="What followed"
            keys={false}
            headless
            rows={alert.followed}
            rowKey={(one) => one.urn}
            columns={[
              {
                id: 'at',
                head: 'When',
                width: '112px',
                cell: (one) => (
                  <span className="t2">
                    <Time at={one.at !== null && one.at <= now ? one.at : null} clock="event" />
                  </span>
                ),
              },
              {
                id: 'what',
                head: 'What',
                cell: (one) => {
                  const entity = parseUrn(one.urn)
                  return (
                    <EntityLink
                      kind={one.kind}
                      name={one.name}
                      id={entity?.id}
                      version={one.version ?? undefined}
                      look="bare"
                      strong
                    >
                      {namedById.has(one.kind) ? kindWord(one.kind) : undefined}
                    </EntityLink>
                  )
                },
              },
              { id: 'fact', head: 'Fact', cut: true, cell: (one) => <span className="t2">{one.fact}</span> },
              {
                id: 'as',
                head: 'How',
                align: 'right',
                cell: (one) => <span className="t3">{one.as.replaceAll('-', ' ')}</span>,
              },
            ]}
          />
        )}
      </Section>
      <Section title="History">
        <DataTable
          label="History"
          keys={false}
          headless
          rows={alert.history}
          rowKey={(one) => `${one.at}-${one.what}`}
          columns={[
            {
              id: 'at',
              head: 'When',
              width: '112px',
              cell: (one) => (
                <span className="t2">
                  {one.eventTime === null ? <Time at={one.at} /> : <Time at={one.eventTime} clock="event" />}
                </span>
              ),
            },
            {
              id: 'what',
              head: 'What',
              cell: (one) => (
                <span style={{ whiteSpace: 'normal', display: 'block', minWidth: 200 }}>
                  <span className="m">
                    {one.what} by {one.byName}
                  </span>{' '}
                  <span className="t2">{one.detail}</span>
                </span>
              ),
            },
          ]}
        />
      </Section>
      <Section title="Windows" note={`the ${formatPlural(alert.evidence.windows.length, 'window')} that opened it`}>
        <ul className="row wrap gap-16 mt-4">
          {alert.evidence.windows.map((window) => (
            <li key={window.urn}>
              <EntityLink kind="window" name={parseUrn(window.urn)?.name ?? alert.monitor} look="bare">
                <TimeRange from={window.start} to={window.end - 1} />
              </EntityLink>
            </li>
          ))}
        </ul>
      </Section>
      {alert.before.length > 0 && (
        <Section title="The same alert before" note={beforeNote(alert.before)}>
          <DataTable
            label="The same alert before"
            keys={false}
            density="compact"
            headless
            rows={alert.before}
            rowKey={(one) => one.id}
            columns={[
              { id: 'at', head: 'When', width: '112px', cell: (one) => <Time at={one.eventTime} clock="event" /> },
              {
                id: 'title',
                head: 'Alert',
                cell: (one) => (
                  <>
                    <EntityLink kind="alert" name={one.title} id={one.id} look="name" />
                    <span className="t3">
                      {' '}
                      {measureWord(one.evidence.measure)}{' '}
                      {one.evidence.effect === null ? '' : formatNumber(one.evidence.effect, 2)}
                    </span>
                  </>
                ),
              },
              {
                id: 'useful',
                head: 'Useful?',
                cell: (one) =>
                  one.useful === null ? (
                    <span className="t3">not answered</span>
                  ) : (
                    <State kind={usefulnessKinds[one.useful]}>{usefulnessWords[one.useful]}</State>
                  ),
              },
              {
                id: 'end',
                head: 'Ended',
                cut: true,
                cell: (one) => <span className="t2">{one.resolvedReason ?? alertState(one).word}</span>,
              },
            ]}
          />
        </Section>
      )}
    </>
  )
}

function beforeNote(before: AlertDetail['before']): string {
  const rated = before.filter((one) => one.useful === 'useful' || one.useful === 'noise')
  const useful = rated.filter((one) => one.useful === 'useful').length
  return `${formatPlural(before.length, 'time')}${rated.length > 0 ? `, ${useful} of ${rated.length} rated ones useful` : ''}`
}
