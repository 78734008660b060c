import { getDriftHistory, getPerformanceSeries, type MonitorSummary } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { Section } from '../../ui/section.tsx'
import { DriftChart, DriftMultiples } from './drift-panel.tsx'
import { monitorDataUrl } from './monitor-data-url.ts'
import { OutcomeChart, PerformanceChart } from './performance-chart.tsx'
import { useWatchMarks } from './watch-marks.ts'

/** What is the matter with the monitor that needs eyes most, without a click. */
export function WorstMonitor({ project, monitor }: { readonly project: string; readonly monitor: MonitorSummary }) {
  const params = { project, monitor: monitor.name }
  const performance = useContractQuery(getPerformanceSeries, { params, query: {} })
  const drift = useContractQuery(getDriftHistory, { params, query: {} })
  const { flags, spans, alertFlags } = useWatchMarks(project, monitor.name, monitor.deployment)
  const href = entityUrl({ kind: 'monitor', name: monitor.name }, project)
  return (
    <>
      <div className="cols-2 mt-24">
        <QueryView query={performance} what="the performance" shape="chart" permission="monitor:read">
          {({ metrics, days }) => {
            const metric = metrics[0]
            if (monitor.state === 'drifted' && days.length > 1)
              return (
                <OutcomeChart
                  days={days}
                  flags={flags}
                  spans={spans}
                  height={232}
                  maturity={metric?.points.find((point) => !point.ripe)?.start}
                />
              )
            return metric ? (
              <PerformanceChart metric={metric} of={monitor.name} flags={flags} spans={spans} />
            ) : (
              <p className="t2">{monitor.name} does not judge performance, or no label has come yet.</p>
            )
          }}
        </QueryView>
        <QueryView query={drift} what="the drift history" shape="chart" permission="monitor:read">
          {({ features }) => {
            const worst = features.find((feature) => feature.open) ?? features[0]
            return worst ? (
              <DriftChart
                feature={worst}
                height={232}
                flags={alertFlags}
                spans={spans.filter((span) => span.about === worst.feature)}
              />
            ) : (
              <p className="t2">{monitor.name} does not judge drift, or no window is closed yet.</p>
            )
          }}
        </QueryView>
      </div>
      <Section
        title={`All features of ${monitor.name}`}
        note="distance from the reference by window, one scale, shaded: too small to matter"
        end={<AppLink href={href}>Open the monitor of {monitor.name}</AppLink>}
      >
        <QueryView query={drift} what="the drift history" shape="chart" permission="monitor:read">
          {({ features }) => (
            <DriftMultiples features={features} hrefOf={(feature) => monitorDataUrl(project, monitor.name, feature)} />
          )}
        </QueryView>
      </Section>
    </>
  )
}
