import { listExperiments } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import type { FilterField } from '../../ui/filter-syntax.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, NoMatch } from '../../ui/page-states.tsx'
import { QueryBar } from '../../ui/query-bar.tsx'
import { TraceTable } from './trace-table.tsx'

const shape = { filter: text(), sort: text(), experiment: text(), run: text(), deployment: text() }

const fields: readonly FilterField[] = [
  { name: 'status', what: 'state', type: 'text', values: ["'OK'", "'ERROR'", "'IN_PROGRESS'"] },
  { name: 'name', what: 'name', type: 'text' },
  { name: 'execution_time_ms', what: 'how long it took', type: 'number' },
  { name: 'timestamp_ms', what: 'when it began', type: 'number' },
  { name: 'client_request_id', what: "the caller's id", type: 'text' },
  { name: 'span.name', what: 'name of a step', type: 'text' },
  { name: 'span.status', what: 'state of a step', type: 'text', values: ["'OK'", "'ERROR'"] },
  { name: 'text', what: 'anything in a step', type: 'text' },
]

/** Traces of the project, or of one experiment, run or deployment; which is in the address. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const named = useContractQuery(
    listExperiments,
    { params: { project }, query: { limit: 1000, view: 'all' } },
    { enabled: view.experiment !== '' },
  )
  const experiment = named.data?.experiments.find((one) => one.id === view.experiment)?.name ?? view.experiment
  const chosen =
    view.run !== ''
      ? `of the run ${view.run.slice(0, 8)}`
      : view.deployment !== ''
        ? `of the deployment ${view.deployment}`
        : view.experiment !== ''
          ? `of the experiment ${experiment}`
          : undefined
  const search = Object.fromEntries(
    (['filter', 'experiment', 'run', 'deployment'] as const).flatMap((key) =>
      view[key] === '' ? [] : [[key, view[key]]],
    ),
  )
  return (
    <>
      <PageHeader
        title="Traces"
        note={chosen}
        actions={
          chosen && (
            <Button onClick={() => setView({ experiment: '', run: '', deployment: '' }, { push: true })}>
              Show all of the project
            </Button>
          )
        }
      />
      <QueryBar
        value={view.filter}
        onChange={(filter) => setView({ filter }, { push: true })}
        fields={fields}
        placeholder="Filter, as in MLflow: status = 'ERROR' and execution_time_ms > 1000"
      />
      <div className="mt-12" />
      <TraceTable
        project={project}
        search={search}
        sort={view.sort}
        onSortChange={(sort) => setView({ sort })}
        empty={
          view.filter === '' ? (
            <Empty
              title="No trace yet"
              steps={[
                { title: 'Point MLflow at this project', command: `eval "$(trivium env --project ${project})"` },
                { title: 'Trace a function', command: '@mlflow.trace' },
              ]}
            >
              A trace shows one answer of a program step by step: what each step was asked, what it answered, and how
              long it took. MLflow and OpenTelemetry send them.
            </Empty>
          ) : (
            <NoMatch what="traces" filter={view.filter} onClear={() => setView({ filter: '' }, { push: true })} />
          )
        }
      />
    </>
  )
}
