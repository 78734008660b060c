import { type Experiment, listExperiments } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Segmented } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { TrashView } from './trash-view.tsx'

const shape = { sort: text(), view: oneOf(['active', 'deleted'], 'active') }

/** Groups of runs, the one with the newest run first. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const query = useContractQuery(
    listExperiments,
    { params: { project }, query: { limit: 1000 } },
    { keep: true, enabled: view.view === 'active' },
  )
  const shown = query.data?.experiments.filter((one) => one.runs > 0 || one.name !== 'Default')
  return (
    <>
      <PageHeader
        title="Experiments"
        note={view.view === 'active' && shown ? formatPlural(shown.length, 'experiment') : undefined}
        actions={
          <>
            <AppLink
              className="link"
              style={{ alignSelf: 'center' }}
              href={`/p/${encodeURIComponent(project)}/velocity`}
            >
              Velocity
            </AppLink>
            <Segmented
              label="Which experiments"
              value={view.view}
              onChange={(chosen) => setView({ view: chosen })}
              options={[
                { value: 'active', label: 'In use' },
                { value: 'deleted', label: 'In the trash' },
              ]}
            />
          </>
        }
      />
      {view.view === 'deleted' ? (
        <TrashView project={project} />
      ) : (
        <QueryView query={query} what="the experiments" permission="run:read">
          {() =>
            !shown || shown.length === 0 ? (
              <Empty
                title="No experiment yet"
                steps={[
                  { title: 'Point MLflow at this project', command: `eval "$(trivium env --project ${project})"` },
                  { title: 'Run your training as it is', command: 'python train.py', waiting: true },
                ]}
              >
                Runs that MLflow code logs appear here, grouped by experiment, while they run.
              </Empty>
            ) : (
              <DataTable
                label="Experiments"
                rows={shown}
                rowKey={(one) => one.id}
                rowHref={(one) => entityUrl({ kind: 'experiment', name: one.name }, project)}
                sort={view.sort}
                onSortChange={(sort) => setView({ sort })}
                columns={[
                  {
                    id: 'name',
                    head: 'Experiment',
                    sticky: true,
                    sortBy: (one: Experiment) => one.name,
                    cell: (one) => (
                      <span className="row">
                        {one.running > 0 && <StateGlyph kind="run" />}
                        <EntityLink kind="experiment" name={one.name} look="name" strong />
                      </span>
                    ),
                  },
                  {
                    id: 'runs',
                    head: 'Runs',
                    align: 'right',
                    sortBy: (one) => one.runs,
                    cell: (one) => <Value value={one.runs} form="count" />,
                  },
                  {
                    id: 'running',
                    head: 'Running',
                    align: 'right',
                    sortBy: (one) => one.running,
                    cell: (one) => <Value value={one.running || null} form="count" />,
                  },
                  {
                    id: 'note',
                    head: 'Note',
                    cut: true,
                    cell: (one) =>
                      one.note === '' ? <span className="t3">–</span> : <span className="t2">{one.note}</span>,
                  },
                  {
                    id: 'last',
                    head: 'Newest run',
                    align: 'right',
                    sortBy: (one) => one.lastRunAt,
                    cell: (one) => <Time at={one.lastRunAt} show="age" />,
                  },
                  {
                    id: 'made',
                    head: 'Made',
                    align: 'right',
                    sortBy: (one) => one.createdAt,
                    cell: (one) => <Time at={one.createdAt} show="age" />,
                  },
                ]}
              />
            )
          }
        </QueryView>
      )}
    </>
  )
}
