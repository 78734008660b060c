import {
  type Explanation,
  type MetricSeries,
  type PanelData,
  type PanelSpec,
  parsePanel,
  type RunDraft,
  type RunRow,
} from '@trivium/contract'
import type { Scope } from '../../kernel/principal/index.ts'
import { momentsOf, studentTQuantile, varianceOf } from '../../kernel/stats/index.ts'
import { reportErrors } from './errors.ts'
import { bothFilters, cellOf, orderOf } from './panel-columns.ts'
import type { PanelSources } from './reports.ts'

/** Runs that a mean is made of at most. */
const mostAveraged = 1000
/** Points of a curve. */
const pointsOfCurve = 160

/** What a panel asks, with its experiment and saved view looked up. */
interface Resolved extends PanelSpec {
  readonly experimentId: string | undefined
}

/** What a panel shows now; throws BAD_PANEL, EXPERIMENT_NOT_FOUND and what the filter language says. */
export async function readPanel(sources: PanelSources, scope: Scope, text: string): Promise<PanelData> {
  const read = parsePanel(text)
  if ('error' in read) throw reportErrors.BAD_PANEL(read.error)
  const panel = await resolvePanel(sources, scope, read.panel)
  switch (panel.kind) {
    case 'table':
      return tablePanel(sources, scope, panel)
    case 'curves':
      return curvesPanel(sources, scope, panel)
    case 'scatter':
      return scatterPanel(sources, scope, panel)
    case 'parallel': {
      const { runs, total } = await search(sources, scope, panel, panel.columns, panel.limit)
      const lines = runs.map((run) => ({ ...named(run), values: panel.columns.map((id) => cellOf(run, id)) }))
      return { kind: 'parallel', axes: [...panel.columns], lines, total }
    }
    case 'importance':
      return importancePanel(sources, scope, panel)
    case 'number':
      return numberPanel(sources, scope, panel)
    case 'notes':
      return notesPanel(sources, scope, panel)
    case 'baselines':
      return baselinesPanel(sources, scope, panel)
  }
}

const named = (run: Pick<RunRow, 'id' | 'name'>) => ({ id: run.id, name: run.name })
const jsonOf = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T

async function resolvePanel(sources: PanelSources, scope: Scope, panel: PanelSpec): Promise<Resolved> {
  const { tracking } = sources
  const experiment = panel.experiment === '' ? undefined : await findExperiment(tracking, scope, panel.experiment)
  if (panel.view === '') return { ...panel, experimentId: experiment }
  const views = await tracking.listRunViews(scope, experiment)
  // A report says the same to everybody: views that only their owner sees are not for it.
  const view = views.find((one) => one.shared && one.name === panel.view)
  if (!view)
    throw reportErrors.BAD_PANEL(`there is no shared view "${panel.view}"${experiment ? ' of this experiment' : ''}.`)
  return {
    ...panel,
    experimentId: view.experiment,
    filter: bothFilters(view.filter, panel.filter),
    sort: panel.sort || view.sort,
    columns: panel.columns.length > 0 ? panel.columns : view.columns,
  }
}

async function findExperiment(tracking: PanelSources['tracking'], scope: Scope, name: string): Promise<string> {
  try {
    return (await tracking.requireExperimentByName(scope, name)).id
  } catch (error) {
    if (!/^\d{1,30}$/.test(name) || (error as { status?: number }).status !== 404) throw error
    return (await tracking.requireExperiment(scope, name)).id
  }
}

async function search(
  { reads }: PanelSources,
  scope: Scope,
  panel: Resolved,
  columns: readonly string[],
  limit: number,
  order = orderOf(panel.sort),
): Promise<{ runs: RunRow[]; total: number }> {
  return jsonOf(
    await reads.search(scope, {
      ...(panel.experimentId === undefined ? {} : { experiment: panel.experimentId }),
      ...(panel.filter === '' ? {} : { filter: panel.filter }),
      ...(order === '' ? {} : { order_by: order }),
      columns: columns.join(','),
      limit,
    }),
  )
}

async function tablePanel(sources: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const chosen = panel.columns
  const { runs, total } = await search(sources, scope, panel, chosen.length > 0 ? chosen : ['*'], panel.limit)
  const keys = (of: 'metrics' | 'params') => [
    ...new Set(runs.slice(0, 20).flatMap((run) => Object.keys(run[of]).map((key) => `${of}.${key}`))),
  ]
  const columns = chosen.length > 0 ? [...chosen] : [...keys('metrics').slice(0, 4), ...keys('params').slice(0, 4)]
  const rows = runs.map((run) => ({ ...named(run), values: columns.map((id) => cellOf(run, id)) }))
  return { kind: 'table', columns, rows, total }
}

async function curvesPanel(sources: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const { runs, total } = await search(sources, scope, panel, [], panel.limit)
  const { series } =
    runs.length === 0
      ? { series: [] }
      : jsonOf<{ series: MetricSeries[] }>(
          await sources.reads.series(scope, {
            runs: runs.map((run) => run.id),
            keys: panel.metrics,
            points: pointsOfCurve,
          }),
        )
  const charts = panel.metrics.map((metric) => ({
    metric,
    series: runs.flatMap((run) => {
      const found = series.find((one) => one.run === run.id && one.key === metric)
      const points = found?.points.map(([step, , value]) => ({ step, value })) ?? []
      return points.length === 0 ? [] : [{ ...named(run), points }]
    }),
  }))
  return { kind: 'curves', charts, total }
}

async function scatterPanel(sources: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const { x, y } = panel
  const { runs, total } = await search(sources, scope, panel, [x, y], panel.limit)
  const points = runs.flatMap((run) => {
    const [across, up] = [cellOf(run, x), Number(cellOf(run, y) ?? Number.NaN)]
    return across === null || !Number.isFinite(up) ? [] : [{ ...named(run), x: across, y: up }]
  })
  return { kind: 'scatter', x, y, points, total }
}

async function importancePanel({ exploration }: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const data = jsonOf<Explanation>(
    await exploration.explain(scope, {
      experiment: panel.experimentId ?? '',
      metric: panel.metrics[0] ?? '',
      direction: undefined,
      filter: panel.filter === '' ? undefined : panel.filter,
    }),
  )
  return {
    kind: 'importance',
    metric: data.metric,
    runs: data.runs,
    explained: data.fit && { value: data.fit.explained, low: data.fit.low, high: data.fit.high },
    reason: data.reason,
    factors: data.importance.slice(0, panel.limit).map((one) => ({
      name: one.kind === 'param' ? one.key : `${one.kind}: ${one.key}`,
      importance: one.importance,
      low: one.low,
      high: one.high,
    })),
  }
}

async function numberPanel(sources: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const { statistic } = panel
  const key = panel.metrics[0] ?? ''
  const id = `metrics.${key}`
  const nothing = { value: null, low: null, high: null, run: null, n: 0 }
  if (statistic === 'count') {
    const { total } = await search(sources, scope, panel, [], 1)
    return { kind: 'number', label: 'runs', ...nothing, value: total, n: total }
  }
  if (statistic === 'mean') {
    const { runs } = await search(sources, scope, panel, [id], mostAveraged)
    const values = runs.map((run) => run.metrics[key]).filter((value) => typeof value === 'number')
    if (values.length === 0) return { kind: 'number', label: `mean of ${key}`, ...nothing }
    const moments = momentsOf(values)
    const half =
      values.length < 2
        ? undefined
        : (studentTQuantile(0.975, moments.n - 1) * Math.sqrt(varianceOf(moments))) / Math.sqrt(moments.n)
    return {
      kind: 'number',
      label: `mean of ${key}`,
      value: moments.mean,
      low: half === undefined ? null : moments.mean - half,
      high: half === undefined ? null : moments.mean + half,
      n: moments.n,
      run: null,
    }
  }
  const order = orderOf(statistic === 'max' ? `-${id}` : id)
  const { runs, total } = await search(sources, scope, panel, [id], 1, order)
  const [best] = runs
  const value = best?.metrics[key] ?? null
  return {
    kind: 'number',
    label: `${statistic} of ${key}`,
    ...nothing,
    value,
    n: total,
    run: best && value !== null ? named(best) : null,
  }
}

async function notesPanel({ exploration }: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const { drafts, confirmed } = jsonOf<{ drafts: RunDraft[]; confirmed: number }>(
    await exploration.listDrafts(scope, {
      experiment: panel.experimentId ?? '',
      state: 'confirmed',
      limit: panel.limit,
      token: undefined,
    }),
  )
  const notes = drafts.flatMap(({ run, note }) =>
    note ? [{ ...named(run), text: note.text, byName: note.byName, at: note.at }] : [],
  )
  return { kind: 'notes', notes, total: confirmed }
}

/** The runs beside the published baselines of their experiment; with metrics beside those of these alone. */
async function baselinesPanel(sources: PanelSources, scope: Scope, panel: Resolved): Promise<PanelData> {
  const { runs, total } = await search(sources, scope, panel, [], panel.limit)
  const kind = 'baselines'
  if (runs.length === 0) return { kind, baselines: [], runs: [], judgements: [], comparisons: 0, total }
  const found = jsonOf<Omit<Extract<PanelData, { kind: 'baselines' }>, 'kind' | 'total'>>(
    await sources.exploration.judgeBaselines(
      scope,
      runs.map((run) => run.id),
    ),
  )
  const baselines = found.baselines.filter((one) => panel.metrics.length === 0 || panel.metrics.includes(one.metric))
  const shown = new Set(baselines.map((one) => one.id))
  const judgements = found.judgements.filter((one) => shown.has(one.baseline))
  return { kind, baselines, runs: runs.map(named), judgements, comparisons: found.comparisons, total }
}
