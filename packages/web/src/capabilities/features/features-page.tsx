import { type FeatureView, listFeatureViews } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

const shape = { sort: text() }

/** Feature views: what is computed, over which window, how new the rows are. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const views = useContractQuery(listFeatureViews, { params: { project }, query: {} })
  const href = (one: FeatureView) => `/p/${encodeURIComponent(project)}/features/${encodeURIComponent(one.name)}`
  return (
    <>
      <PageHeader title="Features" note={views.data && formatPlural(views.data.views.length, 'feature view')} />
      <QueryView query={views} what="the feature views" permission="feature:read">
        {(data) =>
          data.views.length === 0 ? (
            <Empty
              title="No feature view yet"
              steps={[{ title: 'Define one', command: 'trivium features define arrivals.yaml', waiting: true }]}
            >
              Aggregates over time windows appear here: one definition, the same values in training and online.
            </Empty>
          ) : (
            <DataTable
              label="Feature views"
              rows={data.views}
              rowKey={(one) => one.name}
              rowHref={href}
              sort={view.sort}
              onSortChange={(sort) => setView({ sort })}
              columns={[
                {
                  id: 'name',
                  head: 'Feature view',
                  sticky: true,
                  sortBy: (one: FeatureView) => one.name,
                  cell: (one) => (
                    <AppLink className="m" href={href(one)}>
                      {one.name}
                    </AppLink>
                  ),
                },
                { id: 'version', head: 'Version', align: 'right', cell: (one) => `v${one.version}` },
                {
                  id: 'features',
                  from: 640,
                  head: 'Features',
                  cut: true,
                  cell: (one) => <span className="mono">{Object.keys(one.definition.features).join(', ')}</span>,
                },
                {
                  id: 'keys',
                  from: 520,
                  head: 'Key',
                  cell: (one) => <span className="mono">{one.definition.keys.join(', ')}</span>,
                },
                { id: 'window', from: 480, head: 'Window', align: 'right', cell: (one) => one.definition.window },
                {
                  id: 'rows',
                  from: 560,
                  head: 'Rows',
                  align: 'right',
                  sortBy: (one) => one.rows,
                  cell: (one) => <Value value={one.rows} form="count" />,
                },
                {
                  id: 'newest',
                  from: 340,
                  head: 'Newest row',
                  align: 'right',
                  sortBy: (one) => one.newestRow,
                  cell: (one) => <Time at={one.newestRow} clock="event" />,
                },
              ]}
            />
          )
        }
      </QueryView>
    </>
  )
}
