import { getMonitorLabelDelay } from '@trivium/contract'
import { Histogram } from '../../charts/distribution.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { Value } from '../../ui/value.tsx'

/** How long labels take, source by source, and what of the monitor or of a retraining that disrupts. */
export function LabelDelaySection({ project, monitor }: { readonly project: string; readonly monitor: string }) {
  const delay = useContractQuery(getMonitorLabelDelay, { params: { project, monitor } })
  return (
    <QueryView query={delay} what="the delay of labels" permission="monitor:read" rows={2}>
      {({ sources, warnings }) =>
        sources.length === 0 ? null : (
          <Section title="How long labels take" note="from the prediction to the first label; by weeks of predictions">
            {warnings.map((warning) => (
              <Note key={`${warning.what}:${warning.source}`} tone="warn">
                {warning.message}
              </Note>
            ))}
            <DataTable
              label="Delay of labels by source"
              rows={sources}
              rowKey={(one) => one.source ?? '(not named)'}
              keys={false}
              columns={[
                { id: 'source', head: 'Source', cell: (one) => one.source ?? <span className="t3">not named</span> },
                {
                  id: 'labels',
                  head: 'Labels',
                  align: 'right',
                  cell: (one) => <Value value={one.labels} form="count" />,
                },
                ...[0.5, 0.9, 0.95, 0.99].map((share) => ({
                  id: String(share),
                  head: `${share * 100} % within`,
                  align: 'right' as const,
                  cell: (one: (typeof sources)[number]) => (
                    <Duration ms={one.quantiles.find((quantile) => quantile.share === share)?.ms} />
                  ),
                })),
                {
                  id: 'distribution',
                  head: 'Minutes to months',
                  cell: (one) => (
                    <Histogram
                      counts={one.histogram.map(({ labels }) => labels)}
                      label={`Delays of ${one.source ?? 'labels without a source'}`}
                    />
                  ),
                },
                {
                  id: 'trend',
                  head: 'Median by week',
                  cell: (one) => (
                    <Histogram
                      counts={one.trend.filter(({ young }) => !young).map(({ medianMs }) => Math.max(0, medianMs))}
                      label={`Median delay of ${one.source ?? 'labels without a source'} by week`}
                    />
                  ),
                },
                {
                  id: 'change',
                  head: 'Newer against older',
                  align: 'right',
                  cell: (one) =>
                    one.change === null ? <span className="t3">–</span> : <>× {one.change.toPrecision(3)}</>,
                },
              ]}
            />
          </Section>
        )
      }
    </QueryView>
  )
}
