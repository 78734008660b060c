import { type Experiment, listBaselines, listRunColumns, searchRuns } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { type SeriesColor, seriesOrder } from '../../charts/chart-types.ts'
import { useContractPages, useContractQuery } from '../../data/contract-query.ts'
import { useSearchState } from '../../shell/search-state.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button, Segmented } from '../../ui/button.tsx'
import { ColumnsMenu } from '../../ui/columns-menu.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, Loading, NoMatch, PanelError } from '../../ui/page-states.tsx'
import { QueryBar } from '../../ui/query-bar.tsx'
import { SelectionBar } from '../../ui/selection-bar.tsx'
import { Choice } from './choice.tsx'
import { compareHref } from './compare-href.ts'
import { ExperimentCharts } from './experiment-charts.tsx'
import { experimentShape, layoutOf, readLayout } from './experiment-state.ts'
import { filterFields } from './run-filter-fields.ts'
import { RunGroups } from './run-groups.tsx'
import { isOwnTag, parseColumn, toOrder, usualAxes, usualCurve, togglePins, writeColumn } from './run-keys.ts'
import { RunTable } from './run-table.tsx'
import { RunViews } from './run-views.tsx'
import { isSystemMetric } from './system-metric.ts'
import { useArchive } from './use-archive.ts'
import { useLiveRuns } from './use-live-runs.ts'
import { usePinnedRuns } from './use-pinned-runs.ts'
import { useRunSparks } from './use-run-sparks.ts'
import { bothFilters } from './workspace/brush-filter.ts'
import { ExperimentPanels } from './workspace/experiment-panels.tsx'
import { useRunBrushes } from './workspace/use-run-brushes.ts'

/** Small curves are drawn for so many rows; further down the column stays empty. */
const mostCurves = 400

/** Runs of one experiment: what the filter finds as charts, and as rows or groups. Everything chosen is in the address. */
export function ExperimentView({ project, experiment }: { readonly project: string; readonly experiment: Experiment }) {
  const router = useRouter()
  const [view, setView] = useSearchState(experimentShape)
  const params = { project }
  const columns = useContractQuery(listRunColumns, { params, query: { experiment: experiment.id } })
  const idsOf = (of: 'metrics' | 'params' | 'tags') => (columns.data?.[of] ?? []).map((one) => `${of}.${one.key}`)
  const [metrics, parameters] = [idsOf('metrics'), idsOf('params')]
  const tags = idsOf('tags').filter((id) => !isOwnTag(id.slice('tags.'.length)))
  const offered = [...metrics, ...parameters, ...tags]
  const results = metrics.filter((id) => !isSystemMetric(id.slice('metrics.'.length)))
  const visible = view.cols.length > 0 ? view.cols : [...results.slice(0, 5), ...parameters.slice(0, 5)]
  const search = {
    experiment: experiment.id,
    view: view.view,
    ...(view.filter === '' ? {} : { filter: view.filter }),
  }
  const usualLines = [...visible.filter((id) => id.startsWith('params.')), ...metrics.slice(0, 3)].slice(0, 8)
  const lines = view.axes.length > 0 ? view.axes : usualLines
  const brushes = useRunBrushes(project, search, lines, view.brush, view.chart === 'parallel')
  const brushed = bothFilters(view.filter, brushes.filter ?? '')
  const order = toOrder(view.sort)
  const shownColumns = visible.length === 0 ? '*' : visible.map(writeColumn).join(',')
  const runs = useContractPages(
    searchRuns,
    {
      params,
      query: {
        ...search,
        ...(brushed === '' ? {} : { filter: brushed }),
        limit: 200,
        columns: shownColumns,
        ...(order === undefined ? {} : { order_by: order }),
      },
    },
    { enabled: columns.data !== undefined || columns.error !== null },
  )
  const rows = runs.data?.pages.flatMap((page) => page.runs) ?? []
  const pinned = usePinnedRuns(project, view.base, view.pins, shownColumns)
  const published =
    useContractQuery(listBaselines, { params: { project, experiment: experiment.id }, query: {} }).data?.baselines ?? []
  const total = runs.data?.pages[0]?.total
  useLiveRuns(
    (run) => rows.some((row) => row.id === run),
    () => {
      void runs.refetch()
      pinned.refetch()
    },
  )
  const move = useArchive(project, () => setView({ sel: [] }))
  const sorted = view.sort.replace(/^-/, '').split(',')[0]
  const usual = usualAxes(
    rows,
    visible.filter((id) => id.startsWith('metrics.')),
    visible.filter((id) => id.startsWith('params.')),
    sorted,
  )
  const grouped = view.group.find((id) => id.startsWith('params.'))
  const axes = { x: view.x || grouped || usual.x, y: view.y || usual.y }
  const curve =
    view.curve ||
    usualCurve(
      visible.filter((id) => id.startsWith('metrics.')),
      sorted,
    )
  const sparks = useRunSparks(
    project,
    rows.slice(0, mostCurves).map((row) => row.id),
    view.group.length > 0 ? undefined : curve,
  )
  const atFirst = view.show === 'panels' ? seriesOrder.length : 5
  const drawn = view.sel.length > 0 ? view.sel : rows.slice(0, atFirst).map((row) => row.id)
  const colors = new Map(
    drawn.slice(0, seriesOrder.length).map((id, at): [string, SeriesColor] => [id, seriesOrder[at] ?? 's1']),
  )
  const marked = view.sel.length > 0 || sparks.size > 0 ? colors : new Map<string, SeriesColor>()
  const clear = () => setView({ filter: '', brush: [] }, { push: true })
  const charts = view.show === 'table' && view.charts === 'on' && (rows.length > 1 || view.brush.length > 0)
  return (
    <>
      <PageHeader
        kind="experiment"
        title={experiment.name}
        note={`${formatPlural(experiment.runs, 'run')}${experiment.running > 0 ? `, ${formatCount(experiment.running)} running` : ''}`}
        actions={
          <>
            <AppLink
              className="link"
              style={{ alignSelf: 'center' }}
              href={`/p/${encodeURIComponent(project)}/traces?experiment=${encodeURIComponent(experiment.id)}`}
            >
              Traces
            </AppLink>
            <Button
              href={`/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(experiment.name)}/frontier`}
            >
              Frontier
            </Button>
            <Segmented
              label="Shown as"
              value={view.show}
              onChange={(show) => setView({ show }, { push: true })}
              options={[
                { value: 'table', label: 'Table' },
                { value: 'panels', label: 'Panels' },
              ]}
            />
            <Segmented
              label="Which runs"
              value={view.view}
              onChange={(chosen) => setView({ view: chosen })}
              options={[
                { value: 'active', label: 'In use' },
                { value: 'archived', label: 'Archived' },
                { value: 'deleted', label: 'In the trash' },
              ]}
            />
          </>
        }
      />
      {experiment.note !== '' && <Markdown text={experiment.note} />}
      <QueryBar
        value={view.filter}
        onChange={(filter) => setView({ filter }, { push: true })}
        fields={filterFields(offered)}
        matched={total}
        total={view.view === 'active' ? experiment.runs : undefined}
        error={runs.error?.status === 400 ? runs.error.detail : undefined}
        errorAt={runs.error?.at}
        placeholder="Filter, as in MLflow: metrics.auc > 0.6 and params.kind = 'forest'"
      >
        <Choice
          label="Group"
          value={view.group.join(',')}
          onChange={(chosen) => setView({ group: chosen === '' ? [] : chosen.split(',') }, { push: true })}
          options={[
            { value: '', label: 'none' },
            ...[...parameters, ...tags].map((id) => ({ value: id, label: parseColumn(id)?.key ?? id })),
            ...(view.group.length > 1
              ? [{ value: view.group.join(','), label: view.group.map((id) => parseColumn(id)?.key ?? id).join(', ') }]
              : []),
          ]}
        />
        <RunViews
          project={project}
          experiment={experiment.id}
          state={{
            filter: view.filter,
            sort: view.sort,
            columns: [...view.cols],
            group: [...view.group],
            layout: layoutOf(view),
          }}
          onChoose={({ filter, sort, columns: cols, group, layout }) =>
            setView({ filter, sort, cols, group, ...readLayout(layout) }, { push: true })
          }
        />
        <ColumnsMenu
          columns={offered.map((id) => ({ id, label: id }))}
          visible={visible}
          onChange={(cols) => setView({ cols })}
        />
        {view.show === 'table' && rows.length > 1 && metrics.length > 0 && (
          <Button look="quiet" onClick={() => setView({ charts: charts ? 'off' : 'on' })}>
            {charts ? 'Hide charts' : 'Show charts'}
          </Button>
        )}
      </QueryBar>
      <div className="mt-12" />
      {charts && (
        <ExperimentCharts
          project={project}
          search={search}
          axes={axes}
          kind={view.chart}
          lines={lines}
          brushes={brushes}
          offered={offered}
          metrics={metrics}
          curve={curve}
          published={published}
          hasCurves={sparks.size > 0}
          drawn={rows.filter((row) => drawn.includes(row.id))}
          colors={colors}
          marked={marked}
          note={view.sel.length > 0 ? 'of the selected runs' : 'of the first five runs'}
          onChange={(chosen) => setView(chosen)}
        />
      )}
      {runs.data ? (
        rows.length === 0 ? (
          brushed !== '' ? (
            <NoMatch what="runs" filter={brushed} total={experiment.runs} onClear={clear} />
          ) : view.view === 'archived' ? (
            <p className="t2 mt-16">
              Nothing is archived. Runs that are archived are left out of tables and charts, and stay here with all they
              have.
            </p>
          ) : view.view === 'deleted' ? (
            <p className="t2 mt-16">The trash is empty. Deleted runs wait here until they are restored.</p>
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
        ) : view.show === 'panels' ? (
          <ExperimentPanels
            project={project}
            search={search}
            metrics={metrics}
            group={view.group}
            drawn={rows.filter((row) => drawn.includes(row.id))}
            colors={colors}
            selected={view.sel.length > 0}
            view={view}
            onChange={setView}
          />
        ) : view.group.length > 0 ? (
          <RunGroups
            project={project}
            search={search}
            by={view.group}
            metrics={visible.filter((id) => id.startsWith('metrics.'))}
            sort={view.sort === '-start_time' ? '-runs' : view.sort}
            onSort={(sort) => setView({ sort })}
            onOpen={(filter) => setView({ filter, group: [] }, { push: true })}
          />
        ) : (
          <RunTable
            project={project}
            label={`Runs of ${experiment.name}`}
            runs={rows}
            columns={visible}
            sort={view.sort}
            onSort={(sort) => setView({ sort })}
            selection={new Set(view.sel)}
            onSelection={(chosen) => setView({ sel: [...chosen] })}
            sparks={curve === undefined ? undefined : { metric: curve, of: sparks }}
            colors={charts ? marked : undefined}
            pinned={pinned.runs}
            baseline={pinned.baseline}
            published={published}
            onEnd={() => {
              if (runs.hasNextPage && !runs.isFetchingNextPage) void runs.fetchNextPage()
            }}
            foot={
              <>
                {total === rows.length
                  ? `${formatPlural(rows.length, 'run')}${brushed === '' ? '' : ' match'}.`
                  : `First ${formatCount(rows.length)} of ${formatCount(total ?? 0)}.`}{' '}
                {runs.hasNextPage && (
                  <Button look="link" pending={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
                    Show more
                  </Button>
                )}
                {brushed !== '' && (
                  <Button look="link" onClick={clear}>
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
        count={view.sel.length}
        hidden={view.sel.filter((id) => ![...pinned.runs, ...rows].some((row) => row.id === id)).length}
        onClear={() => setView({ sel: [] })}
        actions={[
          {
            label: 'Compare',
            key: 'c',
            main: true,
            onAct: () => router.history.push(compareHref(project, view.sel)),
            denied:
              view.sel.length < 2 ? 'Choose two runs or more.' : view.sel.length > 20 ? 'At most 20 runs.' : undefined,
          },
          {
            label: view.sel.length === 1 && view.sel[0] === view.base ? 'No baseline' : 'Make baseline',
            key: 'b',
            onAct: () =>
              setView({ base: view.sel[0] === view.base ? '' : (view.sel[0] ?? ''), sel: [] }, { push: true }),
            denied: view.sel.length === 1 ? undefined : 'Choose one run.',
          },
          {
            label: view.sel.every((id) => view.pins.includes(id)) ? 'Unpin' : 'Pin on top',
            key: 'o',
            onAct: () => setView({ pins: togglePins(view.pins, view.sel), sel: [] }, { push: true }),
            denied: view.pins.length + view.sel.length > 50 ? 'At most 50 runs are pinned.' : undefined,
          },
          ...(view.view === 'deleted'
            ? []
            : [
                {
                  label: view.view === 'archived' ? 'Take out of the archive' : 'Archive',
                  key: 'e',
                  onAct: () => move(view.sel, view.view !== 'archived'),
                  denied: view.sel.length > 1000 ? 'At most 1,000 runs at once.' : undefined,
                },
              ]),
        ]}
      />
    </>
  )
}
