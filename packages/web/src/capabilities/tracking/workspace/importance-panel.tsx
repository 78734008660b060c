import { explainMetric } from '@trivium/contract'
import { importanceColumns } from '../../../charts/importance-columns.tsx'
import { useContractQuery } from '../../../data/contract-query.ts'
import { QueryView } from '../../../data/query-view.tsx'
import { DataTable } from '../../../ui/data-table.tsx'
import { formatCount } from '../../../ui/format-number.ts'
import { formatValue } from '../../../ui/value.tsx'
import { Choice } from '../choice.tsx'

interface ImportancePanelProps {
  readonly project: string
  readonly experiment: string
  readonly filter: string
  /** Keys of metrics to choose from. */
  readonly metrics: readonly string[]
  readonly metric: string | undefined
  readonly onMetric: (metric: string) => void
}

/** How much each parameter, dataset and commit explains of a metric, with its interval; says where the runs are too few. */
export function ImportancePanel({ project, experiment, filter, metrics, metric, onMetric }: ImportancePanelProps) {
  const query = useContractQuery(
    explainMetric,
    {
      params: { project, experiment },
      query: { metric: metric ?? '', ...(filter === '' ? {} : { filter }) },
    },
    { enabled: metric !== undefined && metric !== '', keep: true },
  )
  if (metric === undefined) return <p className="t3">No run has logged a metric yet.</p>
  return (
    <div style={{ marginBottom: 12 }}>
      <Choice
        label="What explains"
        value={metric}
        options={metrics.map((key) => ({ value: key, label: key }))}
        onChange={onMetric}
      />
      <div className="mt-8" />
      <QueryView query={query} what="what explains the metric" permission="run:read" rows={5}>
        {(data) =>
          data.fit === null ? (
            <p className="t2">{data.reason ?? 'Cannot judge yet.'}</p>
          ) : (
            <>
              <p className="t2 sm">
                {`A forest over ${formatCount(data.runs)} finished runs explains ${Math.round(Math.max(0, data.fit.explained) * 100)} % of the differences of ${data.metric} (95 % interval ${Math.round(Math.max(0, data.fit.low) * 100)} to ${Math.round(Math.min(1, data.fit.high) * 100)} %, measured on runs that each tree did not see). Importance says what goes with the metric, not what causes it.`}
              </p>
              <DataTable
                label={`What explains ${data.metric}`}
                density="compact"
                keys={false}
                rows={data.importance.slice(0, 12)}
                rowKey={(one) => `${one.kind} ${one.key}`}
                columns={[
                  {
                    id: 'key',
                    head: 'Differs in',
                    cell: (one) => (one.kind === 'param' ? one.key : `${one.kind}: ${one.key}`),
                  },
                  ...importanceColumns(data.importance),
                  {
                    id: 'correlation',
                    head: 'Correlation',
                    align: 'right',
                    cell: (one) =>
                      one.correlation === null ? (
                        <span className="t3">–</span>
                      ) : (
                        formatValue(one.correlation, 'number', 2)
                      ),
                  },
                  { id: 'values', head: 'Values', align: 'right', cell: (one) => formatCount(one.values) },
                  { id: 'runs', head: 'Runs', align: 'right', cell: (one) => formatCount(one.runs) },
                ]}
                foot={
                  <>
                    {data.leftOut.length > 0 &&
                      `Left out: ${data.leftOut.map((one) => `${one.key} (${one.why})`).join(', ')}. `}
                    {data.truncated && `The newest ${formatCount(data.looked)} runs were looked at.`}
                  </>
                }
              />
            </>
          )
        }
      </QueryView>
    </div>
  )
}
