import type { UseQueryResult } from '@tanstack/react-query'
import type { Monitor, MonitorWindow } from '@trivium/contract'
import type { ApiError } from '@trivium/sdk'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatPlural, formatShare } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time, TimeRange } from '../../ui/time.tsx'
import { Difference, Interval, Value } from '../../ui/value.tsx'
import { Verdict } from '../../ui/verdict.tsx'
import type { Windows } from './data-tab.tsx'
import { FeatureTable } from './feature-table.tsx'
import { formatLimit, measureTitle } from './measure-words.ts'
import { monitorKind, verdictWord, windowWord } from './monitor-state.ts'

interface WindowsTabProps {
  readonly monitor: Monitor
  readonly windows: UseQueryResult<Windows, ApiError>
  readonly window: number | undefined
  readonly onWindow: (window: number) => void
  readonly onFeature: (feature: string, window: number) => void
}

/** Every closed window; the chosen one is shown whole beneath. */
export function WindowsTab({ monitor, windows, window, onWindow, onFeature }: WindowsTabProps) {
  return (
    <QueryView query={windows} what="the windows" permission="monitor:read">
      {(list) => {
        const chosen = list.windows.find((one) => one.start === window) ?? list.windows[0]
        if (!chosen)
          return (
            <p className="t2">
              No window is closed yet.
              {monitor.nextStart !== null && (
                <>
                  {' '}
                  The first begins <Time at={monitor.nextStart} clock="event" />.
                </>
              )}
            </p>
          )
        return (
          <>
            <WindowTable windows={list.windows} chosen={chosen.start} onWindow={onWindow} />
            <MetricTable window={chosen} />
            {chosen.drift && (
              <FeatureTable
                window={chosen}
                drift={chosen.drift}
                onFeature={(feature) => onFeature(feature, chosen.start)}
              />
            )}
          </>
        )
      }}
    </QueryView>
  )
}

function WindowTable({
  windows,
  chosen,
  onWindow,
}: {
  readonly windows: readonly MonitorWindow[]
  readonly chosen: number
  readonly onWindow: (start: number) => void
}) {
  const metric = windows.flatMap((one) => one.performance?.metrics ?? [])[0]?.metric
  return (
    <DataTable
      label="Windows"
      density="compact"
      rows={windows}
      rowKey={(one) => String(one.start)}
      {...(windows.length > 14 ? { height: 380 } : {})}
      tone={(one) => (one.start === chosen ? 'selected' : undefined)}
      columns={[
        {
          id: 'window',
          head: 'Window',
          cell: (one) => (
            <button
              type="button"
              className="link m"
              aria-pressed={one.start === chosen}
              onClick={() => onWindow(one.start)}
            >
              <TimeRange from={one.start} to={one.end - 1} />
            </button>
          ),
        },
        {
          id: 'state',
          head: 'State',
          cell: (one) => <State kind={monitorKind(one.state)}>{windowWord(one.state)}</State>,
        },
        {
          id: 'model',
          head: 'Model',
          cell: (one) =>
            one.model === null ? (
              <span className="t3">–</span>
            ) : (
              <EntityLink kind="model" name={one.model} version={one.version ?? undefined} look="bare" />
            ),
        },
        { id: 'rows', head: 'Predictions', align: 'right', cell: (one) => <Value value={one.rows} form="count" /> },
        {
          id: 'labels',
          head: 'Labelled',
          align: 'right',
          cell: (one) =>
            one.performance ? formatShare(one.performance.completeness, 0) : <span className="t3">–</span>,
        },
        {
          id: 'metric',
          head: metric ? measureTitle(metric) : 'Performance',
          align: 'right',
          cell: (one) => {
            const found = one.performance?.metrics[0]
            return (
              <Interval
                value={found?.value}
                low={found?.interval?.low}
                high={found?.interval?.high}
                kind={one.performance?.ripe === false ? 'so-far' : 'measured'}
              />
            )
          },
        },
        {
          id: 'drift',
          head: 'Drifted',
          cell: (one) => {
            const open = one.drift?.features.filter((feature) => feature.open) ?? []
            return open.length === 0 ? (
              <span className="t3">–</span>
            ) : (
              `${open
                .slice(0, 3)
                .map((feature) => feature.feature)
                .join(', ')}${open.length > 3 ? ` and ${open.length - 3} more` : ''}`
            )
          },
        },
        { id: 'judged', head: 'Judged', align: 'right', cell: (one) => <Time at={one.judgedAt} show="age" /> },
      ]}
    />
  )
}

function MetricTable({ window }: { readonly window: MonitorWindow }) {
  const { performance } = window
  if (!performance) return null
  return (
    <Section
      title={
        <>
          Performance, <TimeRange from={window.start} to={window.end - 1} />
        </>
      }
      note={`${formatPlural(performance.labelled, 'label')} of ${formatPlural(performance.predicted, 'prediction')}${
        performance.ripe ? '' : ', still arriving'
      }`}
    >
      {performance.reason !== null && <p className="t2 mt-4">{performance.reason}</p>}
      <DataTable
        label="Metrics of the window"
        density="compact"
        keys={false}
        rows={performance.metrics}
        rowKey={(one) => one.metric}
        columns={[
          { id: 'metric', head: 'Metric', cell: (one) => measureTitle(one.metric) },
          {
            id: 'value',
            head: 'Value, 95 %',
            align: 'right',
            cell: (one) => (
              <Interval
                value={one.value}
                low={one.interval?.low}
                high={one.interval?.high}
                kind={performance.ripe ? 'measured' : 'so-far'}
              />
            ),
          },
          {
            id: 'baseline',
            head: 'Baseline',
            align: 'right',
            cell: (one) => (
              <>
                <Interval
                  value={one.baseline?.value}
                  low={one.baseline?.interval?.low}
                  high={one.baseline?.interval?.high}
                />
                {one.baseline && <span className="t3 sm"> {one.baseline.source.replace('-', ' ')}</span>}
              </>
            ),
          },
          {
            id: 'loss',
            head: 'Worse by',
            align: 'right',
            cell: (one) => <Difference value={one.loss} low={one.lossInterval?.low} high={one.lossInterval?.high} />,
          },
          { id: 'margin', head: 'Margin', align: 'right', cell: (one) => formatLimit(one.margin) },
          {
            id: 'verdict',
            head: 'Found',
            cell: (one) =>
              one.open ? (
                <State kind="bad">degraded</State>
              ) : (
                <Verdict verdict={verdictWord(one.verdict)}>{one.reason ?? undefined}</Verdict>
              ),
          },
        ]}
      />
    </Section>
  )
}
