import { getPerformanceSeries, type MonitorSummary } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { OutcomeChart, PerformanceChart } from '../monitoring/performance-chart.tsx'
import { useWatchMarks } from '../monitoring/watch-marks.ts'

/** How the predictions of the monitor that needs eyes most turned out. */
export function WorstPerformance({ project, monitor }: { readonly project: string; readonly monitor: MonitorSummary }) {
  const query = useContractQuery(getPerformanceSeries, { params: { project, monitor: monitor.name }, query: {} })
  const { flags, spans } = useWatchMarks(project, monitor.name, monitor.deployment)
  return (
    <QueryView query={query} what="the performance" shape="chart" permission="monitor:read">
      {({ metrics, days }) =>
        metrics[0] === undefined ? null : (
          <div className="home-charts">
            <PerformanceChart
              metric={metrics[0]}
              of={monitor.name}
              flags={flags}
              spans={spans}
              height={210}
              caption={false}
            />
            <OutcomeChart
              days={days}
              flags={flags}
              spans={spans}
              height={210}
              maturity={metrics[0].points.find((point) => !point.ripe)?.start}
            />
          </div>
        )
      }
    </QueryView>
  )
}
