import { type Experiment, listExperiments, listRunColumns, searchRuns } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { useContractPages, useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { list, oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button, Segmented } from '../../ui/button.tsx'
import { ColumnsMenu } from '../../ui/columns-menu.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, Loading, NoMatch, PanelError } from '../../ui/page-states.tsx'
import { QueryBar } from '../../ui/query-bar.tsx'
import { SelectionBar } from '../../ui/selection-bar.tsx'
import { compareHref } from './compare-href.ts'
import { isOwnTag, parseColumn, toOrder, writeKey } from './run-keys.ts'
import { RunCurves } from './run-curves.tsx'
import { RunTable } from './run-table.tsx'
import { useLiveRuns } from './use-live-runs.ts'

const shape = {
  filter: text(),
  sort: text('-start_time'),
  cols: list(),
  sel: list(),
  view: oneOf(['active', 'deleted'], 'active'),
}

/** Runs of one experiment; the address holds its name, or its id. */
export function Page() {
  const { project, experiment } = usePageParams<'experiment'>()
  const query = useContractQuery(listExperiments, { params: { project }, query: { limit: 1000, view: 'all' } })
  return (
    <QueryView query={query} what="the experiment" shape="table" permission="run:read">
      {({ experiments }) => {
        const found =
          experiments.find((one) => one.name === experiment) ?? experiments.find((one) => one.id === experiment)
        return found ? (
          <ExperimentView key={found.id} project={project} experiment={found} />
        ) : (
          <>
            <PageHeader kind="experiment" title={experiment} />
            <p className="t2 mt-16">There is no experiment “{experiment}” in this project. It may have been renamed.</p>
          </>
        )
      }}
    </QueryView>
  )
}

function ExperimentView({ project, experiment }: { readonly project: string; readonly experiment: Experiment }) {
  const router = useRouter()
  const [view, setView] = useSearchState(shape)
  const params = { project }
  const columns = useContractQuery(listRunColumns, { params, query: { experiment: experiment.id } })
  const offered = columns.data
    ? [
        ...columns.data.metrics.map((one) => `metrics.${one.key}`),
        ...columns.data.params.map((one) => `params.${one.key}`),
        ...columns.data.tags.filter((one) => !isOwnTag(one.key)).map((one) => `tags.${one.key}`),
      ]
    : []
  const usual = columns.data
    ? [
        ...columns.data.metrics.slice(0, 5).map((one) => `metrics.${one.key}`),
        ...columns.data.params.slice(0, 5).map((one) => `params.${one.key}`),
      ]
    : []
  const visible = view.cols.length > 0 ? view.cols : usual
  const order = toOrder(view.sort)
  const runs = useContractPages(
    searchRuns,
    {
      params,
      query: {
        experiment: experiment.id,
        limit: 200,
        view: view.view,
        columns: visible.length === 0 ? '*' : visible.join(','),
        ...(view.filter === '' ? {} : { filter: view.filter }),
        ...(order === undefined ? {} : { order_by: order }),
      },
    },
    { enabled: columns.data !== undefined || columns.error !== null },
  )
  const rows = runs.data?.pages.flatMap((page) => page.runs) ?? []
  const total = runs.data?.pages[0]?.total
  useLiveRuns(
    (run) => rows.some((row) => row.id === run),
    () => void runs.refetch(),
  )
  const selected = new Set(view.sel)
  const compare = () => router.history.push(compareHref(project, view.sel))
  const fields = [
    ...offered.map((id) => {
      const column = parseColumn(id)
      return {
        name: column ? writeKey(column) : id,
        what: column?.group === 'metrics' ? 'metric' : column?.group === 'params' ? 'parameter' : 'tag',
        type: column?.group === 'metrics' ? ('number' as const) : ('text' as const),
      }
    }),
    {
      name: 'attributes.status',
      what: 'state',
      type: 'text' as const,
      values: ["'RUNNING'", "'FINISHED'", "'FAILED'", "'KILLED'"],
    },
    { name: 'attributes.run_name', what: 'name', type: 'text' as const },
    { name: 'attributes.start_time', what: 'when it began', type: 'time' as const },
  ]
  const firstMetric = visible.map(parseColumn).find((column) => column?.group === 'metrics')?.key
  const sortedMetric = parseColumn(view.sort.replace(/^-/, ''))
  const curves = view.sel.length > 0 ? view.sel : rows.slice(0, 5).map((row) => row.id)
  return (
    <>
      <PageHeader
        kind="experiment"
        title={experiment.name}
        note={`${formatPlural(experiment.runs, 'run')}${experiment.running > 0 ? `, ${formatCount(experiment.running)} running` : ''}`}
        actions={
          <Segmented
            label="Which runs"
            value={view.view}
            onChange={(chosen) => setView({ view: chosen })}
            options={[
              { value: 'active', label: 'In use' },
              { value: 'deleted', label: 'In the trash' },
            ]}
          />
        }
      />
      {experiment.note !== '' && <p className="t2 prose">{experiment.note}</p>}
      <QueryBar
        value={view.filter}
        onChange={(filter) => setView({ filter }, { push: true })}
        fields={fields}
        matched={total}
        total={view.view === 'active' ? experiment.runs : undefined}
        error={runs.error?.status === 400 ? runs.error.detail : undefined}
        placeholder="Filter, as in MLflow: metrics.auc > 0.6 and params.kind = 'forest'"
      >
        <ColumnsMenu
          columns={offered.map((id) => ({ id, label: id }))}
          visible={visible}
          onChange={(cols) => setView({ cols })}
        />
      </QueryBar>
      <div className="mt-12" />
      {rows.length > 0 && (
        <RunCurves
          project={project}
          runs={rows.filter((row) => curves.includes(row.id))}
          metric={sortedMetric?.group === 'metrics' ? sortedMetric.key : firstMetric}
          note={view.sel.length > 0 ? 'of the selected runs' : 'of the first five runs'}
        />
      )}
      {runs.data ? (
        rows.length === 0 ? (
          view.filter !== '' ? (
            <NoMatch
              what="runs"
              filter={view.filter}
              total={experiment.runs}
              onClear={() => setView({ filter: '' }, { push: true })}
            />
          ) : view.view === 'deleted' ? (
            <p className="t2 mt-16">The trash is empty.</p>
          ) : (
            <Empty
              title="No run yet"
              steps={[
                { title: 'Point MLflow at this project', command: `eval "$(trivium env --project ${project})"` },
                {
                  title: 'Log into this experiment',
                  command: `MLFLOW_EXPERIMENT_NAME=${JSON.stringify(experiment.name)} python train.py`,
                  waiting: true,
                },
              ]}
            >
              Runs appear here while they run, with metrics, parameters and curves.
            </Empty>
          )
        ) : (
          <RunTable
            project={project}
            label={`Runs of ${experiment.name}`}
            runs={rows}
            columns={visible}
            sort={view.sort}
            onSort={(sort) => setView({ sort })}
            selection={selected}
            onSelection={(chosen) => setView({ sel: [...chosen] })}
            foot={
              <>
                {total === rows.length
                  ? `${formatPlural(rows.length, 'run')}${view.filter === '' ? '' : ' match'}.`
                  : `First ${formatCount(rows.length)} of ${formatCount(total ?? 0)}.`}{' '}
                {runs.hasNextPage && (
                  <Button look="link" pending={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
                    Show more
                  </Button>
                )}
                {view.filter !== '' && (
                  <Button look="link" onClick={() => setView({ filter: '' }, { push: true })}>
                    Clear filter
                  </Button>
                )}
              </>
            }
          />
        )
      ) : runs.error && runs.error.status !== 400 ? (
        <PanelError title="The runs could not be read." onRetry={() => void runs.refetch()}>
          {runs.error.detail}
        </PanelError>
      ) : runs.error ? null : (
        <Loading what="Reading the runs." rows={8} />
      )}
      <SelectionBar
        count={selected.size}
        hidden={view.sel.filter((id) => !rows.some((row) => row.id === id)).length}
        onClear={() => setView({ sel: [] })}
        actions={[
          {
            label: 'Compare',
            key: 'c',
            main: true,
            onAct: compare,
            denied:
              selected.size < 2 ? 'Choose two runs or more.' : selected.size > 20 ? 'At most 20 runs.' : undefined,
          },
        ]}
      />
    </>
  )
}
