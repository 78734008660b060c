import type { Alert } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatNumber } from '../../ui/format-number.ts'
import { State, StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatChance, formatLimit, measureWord } from '../monitoring/measure-words.ts'
import { alertState, usefulnessKinds, usefulnessWords } from './alert-state.ts'

interface AlertsTableProps {
  readonly project: string
  readonly alerts: readonly Alert[]
}

/** Alerts with size, chance and what became of them. */
export function AlertsTable({ project, alerts }: AlertsTableProps) {
  return (
    <DataTable
      label="Alerts"
      rows={alerts}
      rowKey={(alert) => alert.id}
      rowHref={(alert) => entityUrl({ kind: 'alert', name: alert.title, id: alert.id }, project)}
      tone={(alert) => (alert.state === 'open' ? (alert.kind === 'performance' ? 'bad' : 'warn') : undefined)}
      columns={[
        {
          id: 'title',
          head: <span style={{ paddingLeft: 18 }}>Alert</span>,
          sticky: true,
          cell: (alert) => (
            <span className="row">
              <StateGlyph kind={alertState(alert).kind} label={alertState(alert).word} />
              <EntityLink kind="alert" name={alert.title} id={alert.id} look="name" strong />
            </span>
          ),
        },
        { id: 'state', from: 480, head: 'State', cell: (alert) => alertState(alert).word },
        {
          id: 'size',
          head: 'Size',
          cell: ({ evidence }) => (
            <span className="nowrap">
              {measureWord(evidence.measure)} {evidence.effect === null ? '–' : formatNumber(evidence.effect, 3)}
              <span className="ci"> allowed {formatLimit(evidence.allowed)}</span>
            </span>
          ),
        },
        {
          id: 'chance',
          from: 640,
          head: 'q',
          align: 'right',
          cell: ({ evidence }) => (evidence.q === null ? <span className="t3">–</span> : formatChance(evidence.q)),
        },
        {
          id: 'monitor',
          from: 1040,
          head: 'Monitor',
          cell: (alert) => <EntityLink kind="monitor" name={alert.monitor} look="bare" />,
        },
        {
          id: 'where',
          from: 980,
          head: 'Where',
          cell: (alert) => <EntityLink kind="deployment" name={alert.deployment} look="bare" />,
        },
        {
          id: 'model',
          from: 780,
          head: 'Model',
          cell: (alert) =>
            alert.model === null ? (
              <span className="t3">–</span>
            ) : (
              <EntityLink kind="model" name={alert.model} version={alert.version ?? undefined} look="bare" />
            ),
        },
        {
          id: 'useful',
          from: 900,
          head: 'Useful?',
          cell: (alert) =>
            alert.useful === null ? (
              <span className="t3">–</span>
            ) : (
              <State kind={usefulnessKinds[alert.useful]}>{usefulnessWords[alert.useful]}</State>
            ),
        },
        {
          id: 'since',
          from: 330,
          head: 'Since',
          align: 'right',
          cell: (alert) => <Time at={alert.eventTime} clock="event" />,
        },
        {
          id: 'until',
          from: 560,
          head: 'Until',
          align: 'right',
          cell: (alert) => <Time at={alert.resolvedEventTime} clock="event" />,
        },
      ]}
    />
  )
}
