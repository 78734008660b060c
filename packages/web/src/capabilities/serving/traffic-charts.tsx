import { type Deployment, getLabelCompleteness, getPredictionTraffic } from '@trivium/contract'
import { seriesOrder } from '../../charts/chart-types.ts'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'

/** Predictions a day by version, latency, and the share of labels that have come. */
export function TrafficCharts({ project, deployment }: { readonly project: string; readonly deployment: Deployment }) {
  const params = { project, deployment: deployment.name }
  const traffic = useContractQuery(getPredictionTraffic, { params, query: { by: 'day' } })
  const labels = useContractQuery(getLabelCompleteness, { params, query: {} })
  const flags = deployment.activations.map((move) => ({ at: move.eventTime, label: `v${move.version}` }))
  return (
    <div className="cols-2">
      <QueryView query={traffic} what="the traffic" shape="chart">
        {({ buckets }) => {
          const versions = [...new Set(buckets.map((bucket) => bucket.version))].toSorted((a, b) => a - b)
          return buckets.length === 0 ? (
            <p className="t2">No prediction yet.</p>
          ) : (
            <TimeSeries
              title="Predictions a day"
              how="by version, event time"
              fromZero
              form="count"
              flags={flags}
              syncKey="deployment"
              series={versions.slice(-6).map((version, index) => ({
                id: String(version),
                label: `v${version}`,
                color: index === versions.length - 1 ? 'base' : (seriesOrder[index % seriesOrder.length] ?? 's1'),
                points: buckets
                  .filter((bucket) => bucket.version === version)
                  .map((bucket) => ({ x: bucket.at, y: bucket.predictions })),
              }))}
            />
          )
        }}
      </QueryView>
      <QueryView query={traffic} what="the latency" shape="chart">
        {({ buckets }) =>
          buckets.length === 0 ? null : (
            <TimeSeries
              title="Latency of the gateway, ms"
              how="p50 and p99 a day"
              fromZero
              flags={flags}
              syncKey="deployment"
              series={[
                {
                  id: 'p50',
                  label: 'p50',
                  color: 's6',
                  points: buckets.map((bucket) => ({ x: bucket.at, y: bucket.p50Micros / 1000 })),
                },
                {
                  id: 'p99',
                  label: 'p99',
                  color: 'base',
                  points: buckets.map((bucket) => ({ x: bucket.at, y: bucket.p99Micros / 1000 })),
                },
              ]}
            />
          )
        }
      </QueryView>
      <QueryView query={labels} what="the labels" shape="chart">
        {({ days }) =>
          days.length === 0 ? null : (
            <TimeSeries
              title="Labels that have come"
              how="share of the predictions of a day"
              form="share"
              fromZero
              syncKey="deployment"
              maturity={days.findLast((day) => day.share >= 0.99)?.at}
              series={[
                {
                  id: 'share',
                  label: 'labelled',
                  color: 's3',
                  points: days.map((day) => ({ x: day.at, y: day.share })),
                },
              ]}
            />
          )
        }
      </QueryView>
      <QueryView query={labels} what="the labels" shape="chart">
        {({ days }) =>
          days.every((day) => day.mean === null) ? null : (
            <TimeSeries
              title="Observed"
              how="mean label a day"
              syncKey="deployment"
              form={days.every(({ mean }) => mean === null || (mean >= 0 && mean <= 1)) ? 'share' : 'number'}
              series={[
                {
                  id: 'mean',
                  label: 'observed',
                  color: 'base',
                  points: days.map((day) => ({ x: day.at, y: day.mean })),
                },
              ]}
            />
          )
        }
      </QueryView>
    </div>
  )
}
