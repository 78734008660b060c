import type { MonitorSummary } from '@trivium/contract'
import { Strip } from '../../charts/strip.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { useUiEnvironment } from '../../ui/environment.tsx'
import { formatNumber, formatPlural, formatShare } from '../../ui/format-number.ts'
import { formatDay } from '../../ui/format-time.ts'
import { State, StateGlyph } from '../../ui/state.tsx'
import { TimeRange } from '../../ui/time.tsx'
import { Interval } from '../../ui/value.tsx'
import { arrivalWord, measureWord } from './measure-words.ts'
import { monitorKind, needsAttention } from './monitor-state.ts'

interface MonitorsTableProps {
  readonly project: string
  readonly monitors: readonly MonitorSummary[]
}

/** One row a monitor: data, performance, labels, and the last windows as a strip. */
export function MonitorsTable({ project, monitors }: MonitorsTableProps) {
  const { zone } = useUiEnvironment()
  return (
    <DataTable
      label="Monitors"
      density="two-line"
      rows={monitors}
      rowKey={(monitor) => monitor.name}
      rowHref={(monitor) => entityUrl({ kind: 'monitor', name: monitor.name }, project)}
      tone={(monitor) => (needsAttention(monitor) ? 'warn' : undefined)}
      columns={[
        {
          id: 'name',
          head: <span style={{ paddingLeft: 18 }}>Monitor</span>,
          sticky: true,
          cell: (monitor) => (
            <span className="row">
              <StateGlyph kind={monitorKind(monitor.state)} />
              <span className="cell-two">
                <span>
                  <EntityLink kind="monitor" name={monitor.name} look="name" strong />
                </span>
                <span>
                  {monitor.model === null
                    ? monitor.deployment
                    : `${monitor.model} v${monitor.version ?? '?'}, ${monitor.deployment}`}
                </span>
              </span>
            </span>
          ),
        },
        { id: 'data', head: 'Data', cell: (monitor) => <DataCell monitor={monitor} /> },
        { id: 'performance', from: 330, head: 'Performance', cell: (monitor) => <PerformanceCell monitor={monitor} /> },
        {
          id: 'labels',
          from: 760,
          head: 'Labels of the newest window',
          cell: ({ labels }) =>
            labels === null || labels.predicted === 0 ? (
              <span className="t3">–</span>
            ) : (
              <span className="cell-two">
                <span>
                  <State kind={!labels.ripe ? 'run' : labels.labelled === 0 ? 'none' : 'ok'}>
                    {formatShare(labels.labelled / labels.predicted, 0)} of{' '}
                    {formatPlural(labels.predicted, 'prediction')}
                  </State>
                </span>
                <span>{arrivalWord(labels)}</span>
              </span>
            ),
        },
        {
          id: 'strip',
          from: 640,
          head: 'Windows, oldest first',
          cell: (monitor) => (
            <Strip
              label={`Windows of ${monitor.name}`}
              periods={monitor.strip.map((mark) => ({
                label: formatDay(mark.start, { now: mark.end, zone }),
                state: monitorKind(mark.state),
              }))}
            />
          ),
        },
        { id: 'window', from: 880, head: 'Window', align: 'right', cell: (monitor) => monitor.window },
      ]}
    />
  )
}

function DataCell({ monitor }: { readonly monitor: MonitorSummary }) {
  const drifted = monitor.driftedFeatures
  if (monitor.features === 0) return <span className="t3">not judged</span>
  return (
    <span className="cell-two">
      <span>
        {drifted.length > 0 ? (
          <State kind="warn">
            {drifted.length} of {monitor.features} drifted
          </State>
        ) : (
          <State kind="ok">in range</State>
        )}
      </span>
      <span>{drifted.length > 0 ? shortList(drifted) : formatPlural(monitor.features, 'feature')}</span>
    </span>
  )
}

const shortList = (names: readonly string[]) =>
  names.length > 2 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')

function PerformanceCell({ monitor: { performance } }: { readonly monitor: MonitorSummary }) {
  if (performance === null) return <span className="t3">–</span>
  const kind = performance.verdict === 'clear' ? 'ok' : performance.verdict === 'unknown' ? 'none' : 'bad'
  return (
    <span className="cell-two">
      <span>
        {performance.value === null ? (
          <State kind="none">cannot judge yet</State>
        ) : (
          <span className="row">
            <StateGlyph kind={kind} />
            <span>
              {measureWord(performance.metric)}{' '}
              <Interval value={performance.value} low={performance.interval?.low} high={performance.interval?.high} />
            </span>
          </span>
        )}
      </span>
      <span>
        {performance.value !== null && (
          <>
            <TimeRange from={performance.start} to={performance.end - 1} />,{' '}
          </>
        )}
        {performance.baseline === null
          ? 'no baseline yet'
          : `baseline ${formatNumber(performance.baseline, 3)}, margin ${performance.margin}`}
      </span>
    </span>
  )
}
