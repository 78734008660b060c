import { type Alert, listAlerts } from '@trivium/contract'
import { useContractPages } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, NoMatch } from '../../ui/page-states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AlertsTable } from './alerts-table.tsx'

const shape = { view: oneOf(['all', 'open', 'resolved'], 'all'), monitor: text(), deployment: text() }

/** Alerts of the project, the open ones first. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const query = useContractPages(listAlerts, {
    params: { project },
    query: {
      state: view.view,
      limit: 200,
      ...(view.monitor === '' ? {} : { monitor: view.monitor }),
      ...(view.deployment === '' ? {} : { deployment: view.deployment }),
    },
  })
  const open = query.data?.pages[0]?.open
  const filter = [view.monitor && `monitor ${view.monitor}`, view.deployment && `deployment ${view.deployment}`]
    .filter(Boolean)
    .join(', ')
  return (
    <>
      <PageHeader
        title={open === undefined ? 'Alerts' : headOf(open)}
        sentence={open === undefined ? undefined : open > 0 ? 'warn' : 'ok'}
      />
      <Tabs
        label="Which alerts"
        value={view.view}
        onChange={(id) => setView({ view: id as typeof view.view }, { push: true })}
        tabs={[
          { id: 'all', label: 'All' },
          { id: 'open', label: 'Open', count: open },
          { id: 'resolved', label: 'Resolved' },
        ]}
      />
      <QueryView query={query} what="the alerts" permission="alert:read">
        {(data) => {
          const alerts = openFirst(data.pages.flatMap((page) => page.alerts))
          if (alerts.length === 0 && filter !== '')
            return <NoMatch what="alerts" filter={filter} onClear={() => setView({ monitor: '', deployment: '' })} />
          if (alerts.length === 0)
            return view.view === 'all' ? (
              <Empty title="No alert yet">
                An alert opens when a feature drifts or performance falls below its margin in several windows in a row.
                Each says how large the change is, since when, and what followed from it.
              </Empty>
            ) : (
              <p className="t2 mt-16">{view.view === 'open' ? 'No alert is open.' : 'No alert is resolved yet.'}</p>
            )
          return (
            <>
              <AlertsTable project={project} alerts={alerts} />
              {query.hasNextPage && (
                <p className="mt-8">
                  <Button size="small" pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    Show older alerts
                  </Button>
                </p>
              )}
            </>
          )
        }}
      </QueryView>
    </>
  )
}

function headOf(open: number): string {
  if (open === 0) return 'No alert is open'
  return open === 1 ? '1 alert is open' : `${open} alerts are open`
}

const order: Record<Alert['state'], number> = { open: 0, acknowledged: 1, resolved: 2 }

function openFirst(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted((a, b) => order[a.state] - order[b.state] || b.eventTime - a.eventTime)
}
