import { type AlertDetail, getDriftHistory, getPerformanceSeries } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DistributionPanel, DriftChart } from '../monitoring/drift-panel.tsx'
import { OutcomeChart, PerformanceChart } from '../monitoring/performance-chart.tsx'
import { useWatchMarks } from '../monitoring/watch-marks.ts'

/** What moved: the feature's distribution and distance, or the metric and the outcomes. */
export function AlertCharts({ project, alert }: { readonly project: string; readonly alert: AlertDetail }) {
  const params = { project, monitor: alert.monitor }
  const drift = useContractQuery(
    getDriftHistory,
    { params, query: { feature: alert.feature ?? '' } },
    { enabled: alert.feature !== null },
  )
  const performance = useContractQuery(getPerformanceSeries, { params, query: {} }, { enabled: alert.metric !== null })
  const marks = useWatchMarks(project, alert.monitor, alert.deployment)
  const flags = [...marks.flags, { at: alert.eventTime, label: 'opened', tone: 'warn' as const }]
  const spans = [
    {
      from: alert.eventTime,
      to: alert.resolvedEventTime ?? undefined,
      tone: alert.kind === 'performance' ? ('bad' as const) : ('warn' as const),
    },
  ]
  const newest = alert.evidence.windows.at(-1)
  if (alert.feature !== null)
    return (
      <div className="cols-2 mt-16">
        <DistributionPanel project={project} monitor={alert.monitor} feature={alert.feature} start={newest?.start} />
        <QueryView query={drift} what="the drift history" shape="chart" permission="monitor:read">
          {({ features }) => {
            const [found] = features
            return found ? <DriftChart feature={found} flags={flags} spans={spans} /> : <Gone what="drift" />
          }}
        </QueryView>
      </div>
    )
  return (
    <div className="cols-2 mt-16">
      <QueryView query={performance} what="the performance" shape="chart" permission="monitor:read">
        {({ metrics }) => {
          const metric = metrics.find((one) => one.metric === alert.metric)
          return metric ? (
            <PerformanceChart
              metric={metric}
              version={alert.version}
              flags={flags}
              spans={spans}
              height={210}
              caption={false}
            />
          ) : (
            <Gone what="performance" />
          )
        }}
      </QueryView>
      <QueryView query={performance} what="the performance" shape="chart" permission="monitor:read">
        {({ days, metrics }) => (
          <OutcomeChart
            days={days}
            flags={marks.flags}
            spans={spans}
            height={210}
            maturity={metrics[0]?.points.find((point) => !point.ripe)?.start}
          />
        )}
      </QueryView>
    </div>
  )
}

function Gone({ what }: { readonly what: string }) {
  return <p className="t2">The monitor no longer holds the {what} of these windows.</p>
}
