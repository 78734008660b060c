import type { UseQueryResult } from '@tanstack/react-query'
import type { Monitor } from '@trivium/contract'
import type { ApiError } from '@trivium/sdk'
import { Bars } from '../../charts/bars.tsx'
import { Sparkline } from '../../charts/sparkline.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl, parseUrn } from '../../ui/entity-url.ts'
import { useUiEnvironment } from '../../ui/environment.tsx'
import { KeyValues } from '../../ui/facts.tsx'
import { formatDay } from '../../ui/format-time.ts'
import { Aside, WithAside } from '../../ui/section.tsx'
import { State, StateGlyph, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import type { DriftHistory } from './drift-panel.tsx'
import { formatLimit, measureTitle, measureWord } from './measure-words.ts'
import { OutcomeChart, type Performance, PerformanceChart } from './performance-chart.tsx'
import type { useWatchMarks } from './watch-marks.ts'

interface PerformanceTabProps {
  readonly project: string
  readonly monitor: Monitor
  readonly performance: UseQueryResult<Performance, ApiError>
  readonly drift: UseQueryResult<DriftHistory, ApiError>
  readonly marks: ReturnType<typeof useWatchMarks>
}

/** How good the predictions turned out to be, and beside it which features moved. */
export function PerformanceTab({ project, monitor, performance, drift, marks }: PerformanceTabProps) {
  const { zone } = useUiEnvironment()
  return (
    <WithAside
      asideLabel="Drift, alerts and policy"
      aside={
        <>
          <Aside title="Drift by feature">
            <QueryView query={drift} what="the drift history" permission="monitor:read">
              {({ features }) => <FeatureList project={project} monitor={monitor.name} features={features} />}
            </QueryView>
          </Aside>
          {marks.alerts.length > 0 && (
            <Aside title="Alerts" note={String(marks.alerts.length)}>
              <ul className="stack gap-8">
                {marks.alerts.slice(0, 5).map((alert) => (
                  <li key={alert.id} className="row">
                    <StateGlyph kind={alert.state === 'resolved' ? 'idle' : 'warn'} label={alert.state} />
                    <EntityLink kind="alert" name={alert.title} id={alert.id} look="name" />
                    <span className="push t3 sm">
                      <Time at={alert.eventTime} show="day" clock="event" />
                    </span>
                  </li>
                ))}
              </ul>
            </Aside>
          )}
          <Aside title="Policy" note={`version ${monitor.definitionVersion}`}>
            <Policy monitor={monitor} />
          </Aside>
        </>
      }
    >
      <QueryView query={performance} what="the performance" shape="chart" permission="monitor:read">
        {({ metrics, days }) => {
          const points = metrics[0]?.points ?? []
          const maturity = points.find((point) => !point.ripe)?.start
          if (points.length === 0)
            return (
              <p className="t2">
                {monitor.definition.performance
                  ? 'No window is closed yet; performance appears once a window is over and its labels come.'
                  : 'This monitor has no performance policy. Add one to its definition to judge outcomes.'}
              </p>
            )
          return (
            <div className="stack gap-16">
              {metrics.map((metric, index) => (
                <PerformanceChart
                  key={metric.metric}
                  metric={metric}
                  of={monitor.name}
                  flags={marks.flags}
                  spans={marks.spans.filter((span) => span.about === metric.metric || metrics.length === 1)}
                  height={index === 0 ? 250 : 190}
                  caption={index === 0}
                />
              ))}
              <div className="cols-2">
                <OutcomeChart days={days} flags={marks.flags} spans={[]} maturity={maturity} />
                <Bars
                  title="Labels that have arrived"
                  how="share of each window"
                  form="share"
                  height={190}
                  items={points
                    .filter((point) => point.predicted > 0)
                    .map((point) => ({
                      label: formatDay(point.start, { now: point.end, zone }),
                      value: point.completeness,
                      current: !point.ripe,
                    }))}
                />
              </div>
            </div>
          )
        }}
      </QueryView>
    </WithAside>
  )
}

function FeatureList({
  project,
  monitor,
  features,
}: {
  readonly project: string
  readonly monitor: string
  readonly features: DriftHistory['features']
}) {
  if (features.length === 0) return <p className="t2">Nothing judged yet.</p>
  const top = Math.max(...features.flatMap((one) => [one.minEffect, ...one.points.map((point) => point.effect ?? 0)]))
  const href = (feature: string) =>
    `${entityUrl({ kind: 'monitor', name: monitor }, project)}?tab=data&feature=${encodeURIComponent(feature)}`
  return (
    <>
      <DataTable
        label="Drift by feature"
        density="compact"
        keys={false}
        headless
        rows={features.slice(0, 14)}
        rowKey={(one) => one.feature}
        columns={[
          {
            id: 'feature',
            head: 'Feature',
            cut: true,
            cell: (one) => (
              <span className="row">
                <StateGlyph {...featureState(one)} />
                <AppLink href={href(one.feature)} className={one.open ? 'm trunc' : 'trunc'}>
                  {one.feature}
                </AppLink>
              </span>
            ),
          },
          {
            id: 'shape',
            head: 'Distance',
            width: '92px',
            cell: (one) => (
              <Sparkline
                values={one.points.map((point) => point.effect)}
                domain={[0, top]}
                tone={one.open ? 'warn' : undefined}
              />
            ),
          },
          {
            id: 'effect',
            head: 'Now',
            align: 'right',
            width: '48px',
            cell: (one) => <Value value={one.points.findLast((point) => point.effect !== null)?.effect} decimals={2} />,
          },
        ]}
      />
      {features.length > 14 && <p className="sm t3 mt-4">The 14 that drift most, of {features.length}.</p>}
    </>
  )
}

function Policy({ monitor: { definition } }: { readonly monitor: Monitor }) {
  const { drift, performance } = definition
  const reference = drift?.reference && drift.reference !== 'auto' ? parseUrn(drift.reference) : undefined
  return (
    <KeyValues
      facts={[
        ...(performance?.metrics.map((one) => ({
          label: measureTitle(one.metric),
          value: `may lose ${formatLimit(one.margin)} against ${
            typeof one.baseline === 'number' ? formatLimit(one.baseline) : 'its evaluation'
          }`,
        })) ?? []),
        performance && {
          label: 'Judged when',
          value: `${Math.round((performance.completeness ?? 0.95) * 100)} % have labels${
            performance.maxWait ? `, or after ${performance.maxWait}` : ''
          }`,
        },
        drift && {
          label: 'Drift against',
          value: reference
            ? reference.name
            : drift.reference && drift.reference !== 'auto'
              ? drift.reference
              : 'its training data',
        },
        drift && {
          label: 'Distance',
          value: `${measureWord(drift.numericMeasure ?? 'kolmogorov-smirnov')} at least ${drift.minEffect?.numeric ?? 0.1}, q below ${drift.q ?? 0.05}`,
        },
        (drift?.persistence ?? performance?.persistence) && {
          label: 'Alert after',
          value: `${(drift?.persistence ?? performance?.persistence)?.needed ?? 2} of ${(drift?.persistence ?? performance?.persistence)?.outOf ?? 3} windows`,
        },
        definition.description !== undefined && { label: 'What for', value: definition.description },
        !drift && { label: 'Drift', value: <State kind="idle">not judged</State> },
      ]}
    />
  )
}

/** A feature is in range only where its newest window could be judged. */
function featureState({ open, points }: DriftHistory['features'][number]): { kind: StateKind; label: string } {
  if (open) return { kind: 'warn', label: 'drifted' }
  const verdict = points.at(-1)?.verdict ?? 'unknown'
  if (verdict === 'unknown') return { kind: 'none', label: 'cannot be judged yet' }
  return verdict === 'clear' ? { kind: 'ok', label: 'in range' } : { kind: 'warn', label: 'beyond its limit' }
}
