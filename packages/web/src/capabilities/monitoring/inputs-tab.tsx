import { getViolationSeries } from '@trivium/contract'
import { Histogram } from '../../charts/distribution.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { Value } from '../../ui/value.tsx'

/** What live values break that the training data keep, feature by feature, over the windows. */
export function InputsTab({ project, monitor }: { readonly project: string; readonly monitor: string }) {
  const series = useContractQuery(getViolationSeries, { params: { project, monitor }, query: {} })
  return (
    <QueryView query={series} what="the violations" permission="monitor:read">
      {({ features }) =>
        features.length === 0 ? (
          <p className="t2">No window is closed yet, or the monitor has no drift policy.</p>
        ) : (
          <Section
            title="Values that the training data do not have"
            note="counted in the newest window; bars: all windows"
          >
            <DataTable
              label="Violations by feature"
              rows={features}
              rowKey={(one) => one.feature}
              keys={false}
              columns={[
                {
                  id: 'feature',
                  head: 'Feature',
                  sticky: true,
                  cell: (one) => <span className="mono m">{one.feature}</span>,
                },
                {
                  id: 'allowed',
                  head: 'Training has',
                  cut: true,
                  cell: (one) => <span className="t2">{one.allowed}</span>,
                },
                {
                  id: 'time',
                  head: 'Over time',
                  cell: (one) => (
                    <Histogram
                      counts={one.points.map(({ violations }) => violations)}
                      label={`Violations of ${one.feature} by window`}
                    />
                  ),
                },
                ...(
                  [
                    ['violations', 'Rows'],
                    ['missing', 'Missing'],
                    ['wrongType', 'Type'],
                    ['outOfRange', 'Range'],
                    ['unseen', 'Unseen'],
                    ['wrongFormat', 'Format'],
                  ] as const
                ).map(([id, head]) => ({
                  id,
                  head,
                  align: 'right' as const,
                  cell: (one: (typeof features)[number]) => (
                    <Value value={one.points.at(-1)?.[id] ?? null} form="count" />
                  ),
                })),
                {
                  id: 'examples',
                  head: 'For example',
                  cut: true,
                  cell: (one) => (
                    <span className="t2">
                      {(one.points.findLast(({ examples }) => examples.length > 0)?.examples ?? []).join(', ')}
                    </span>
                  ),
                },
              ]}
            />
          </Section>
        )
      }
    </QueryView>
  )
}
