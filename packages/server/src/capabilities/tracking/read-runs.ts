import type { LoggedModel, MetricSummary, RecoveredPoint, RunDetail, RunInput, RunRow } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { trackingErrors } from './errors.ts'
import { type LoggedModelRecord, withModelData } from './logged-models.ts'
import { originRefs } from './origin-refs.ts'
import { runDatasets } from './run-datasets.ts'
import { countRecovered, listRecovered } from './replay/recover-points.ts'
import { requireRun } from './runs.ts'
import type { RunMetricTable, RunTable } from './tables.ts'
import { ownerKey, runUrn } from './urns.ts'

/** The fields that every form of a run has. */
export function runFields(run: RunTable, experimentName: string): Omit<RunRow, 'metrics' | 'params' | 'tags'> {
  return {
    id: run.id,
    urn: runUrn(run.project_id, run.id),
    name: run.name,
    experimentId: run.experiment_id,
    experiment: experimentName,
    status: run.status,
    lifecycle: run.lifecycle,
    archivedAt: run.archived_at ?? null,
    archivedBecause: run.archived_because ?? null,
    user: run.user_id,
    startedAt: run.start_time,
    endedAt: run.end_time,
    parent: run.parent_id,
    pipelineRun: run.pipeline_run,
  }
}

function metricSummary(row: RunMetricTable, recovered: number | undefined): MetricSummary {
  return {
    key: row.key,
    last: row.last_is_nan === 1 ? null : row.last_value,
    step: row.last_step,
    timestamp: row.last_timestamp,
    min: row.min_value,
    max: row.max_value,
    count: row.count,
    nanCount: row.nan_count,
    ...(recovered === undefined ? {} : { recovered }),
  }
}

export async function experimentNames(
  db: Reader,
  project: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('experiment')
    .select(['id', 'name'])
    .where('project_id', '=', project)
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Map(rows.map((row) => [row.id, row.name]))
}

/** Several runs with all their values, in the order of the ids; RUN_NOT_FOUND names the first that is missing. */
export async function readRuns(
  db: Reader,
  project: string,
  ids: readonly string[],
): Promise<
  {
    run: RunTable
    params: Map<string, string>
    tags: Map<string, string>
    metrics: Map<string, MetricSummary>
    inputs: Map<string, string>
  }[]
> {
  const runs = new Map(
    (await db.selectFrom('run').selectAll().where('project_id', '=', project).where('id', 'in', ids).execute()).map(
      (run) => [run.id, run],
    ),
  )
  // In the order of the primary key: by key alone, SQLite walks an index of the whole project.
  const [params, tags, metrics, inputs, recovered] = await Promise.all([
    db
      .selectFrom('run_param')
      .selectAll()
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('key')
      .execute(),
    db
      .selectFrom('run_tag')
      .selectAll()
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('key')
      .execute(),
    db
      .selectFrom('run_metric')
      .selectAll()
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('key')
      .execute(),
    db
      .selectFrom('run_input')
      .selectAll()
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('name')
      .execute(),
    countRecovered(db, project, ids),
  ])
  return ids.map((id) => {
    const run = runs.get(id)
    if (!run) throw trackingErrors.RUN_NOT_FOUND(id)
    const own = <T extends { run_id: string }>(rows: readonly T[]) => rows.filter((row) => row.run_id === id)
    return {
      run,
      params: new Map(own(params).map((r) => [r.key, r.value])),
      tags: new Map(own(tags).map((r) => [r.key, r.value])),
      metrics: new Map(own(metrics).map((r) => [r.key, metricSummary(r, recovered.get(`${id} ${r.key}`))])),
      inputs: new Map(own(inputs).map((r) => [r.name, r.digest])),
    }
  })
}

/** Everything about one run. */
export async function readRunDetail(db: Reader, project: string, id: string): Promise<RunDetail> {
  const run = await requireRun(db, project, id)
  const [values] = await readRuns(db, project, [id])
  if (!values) throw trackingErrors.RUN_NOT_FOUND(id)
  const { params, tags, metrics } = values
  const names = await experimentNames(db, project, [run.experiment_id])
  const inputs = await runDatasets(db, project, [id])
  const models = await db
    .selectFrom('logged_model')
    .selectAll()
    .where('project_id', '=', project)
    .where('source_run_id', '=', id)
    .where('lifecycle', '=', 'active')
    .orderBy('created_at')
    .execute()
  const children = await db
    .selectFrom('run')
    .select(['id', 'name', 'status'])
    .where('project_id', '=', project)
    .where('parent_id', '=', id)
    .where('lifecycle', '=', 'active')
    .orderBy('start_time')
    .limit(500)
    .execute()
  const files = await db
    .selectFrom('artifact_file')
    .select((e) => [e.fn.countAll<number>().as('files'), e.fn.sum<number>('size').as('bytes')])
    .where('project_id', '=', project)
    .where('owner', '=', ownerKey({ kind: 'run', id }))
    .executeTakeFirst()
  return {
    ...runFields(run, names.get(run.experiment_id) ?? ''),
    note: tags.get('mlflow.note.content') ?? '',
    params: Object.fromEntries(params),
    metrics: [...metrics.values()],
    tags: Object.fromEntries(tags),
    inputs: inputs.map(
      (row): RunInput => ({
        name: row.name,
        digest: row.digest,
        sourceType: row.source_type,
        source: row.source,
        context: row.context,
        urn: row.urn,
      }),
    ),
    recovered: recoveredMetrics(await listRecovered(db, project, id)),
    loggedModels: (await withModelData(db, project, models, 'last')).map(loggedModelOf),
    children: [...children],
    artifacts: { files: Number(files?.files ?? 0), bytes: Number(files?.bytes ?? 0) },
    madeFrom: originRefs(project, { pipelineRun: run.pipeline_run, parent: run.parent_id, tags, inputs }).map(
      ({ urn, as }) => ({ urn, as }),
    ),
  }
}

function recoveredMetrics(points: readonly RecoveredPoint[]): RunDetail['recovered'] {
  return [...Map.groupBy(points, ({ key }) => key)].map(([key, own]) => {
    const last = own.reduce((a, b) => (b.at > a.at ? b : a))
    return { key, points: own.length, at: last.at, byName: last.byName }
  })
}

/** The public form of a logged model. */
export function loggedModelOf(model: LoggedModelRecord): LoggedModel {
  const pairs = (list: readonly { key: string; value: string }[]): Record<string, string> =>
    Object.fromEntries(list.map(({ key, value }) => [key, value]))
  return {
    id: model.id,
    name: model.name,
    experimentId: model.experiment_id,
    status: model.status,
    modelType: model.model_type,
    sourceRun: model.source_run_id,
    createdAt: model.created_at,
    params: pairs(model.params),
    tags: pairs(model.tags),
    metrics: Object.fromEntries(model.metrics.map((m) => [m.key, m.is_nan === 1 ? null : m.value])),
  }
}
