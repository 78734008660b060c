import { randomBytes } from 'node:crypto'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import { requireActiveExperiment, requireExperiment, type TagChange, type TrackingDeps } from './experiments.ts'
import { lastOfModels, type LoggedModelPoint, loggedModelPoints } from './logged-model-metrics.ts'
import { newRunName } from './run-names.ts'
import { requireRun } from './runs.ts'
import type { LoggedModelTable } from './tables.ts'
import { runUrn } from './urns.ts'
import './tables.ts'

/** A logged model with what belongs to it. */
export interface LoggedModelRecord extends LoggedModelTable {
  readonly params: { key: string; value: string }[]
  readonly tags: { key: string; value: string }[]
  readonly metrics: LoggedModelPoint[]
}

export async function requireLoggedModel(
  db: Reader,
  project: string,
  id: string,
  options?: { allowDeleted?: boolean },
): Promise<LoggedModelTable> {
  const row = await db
    .selectFrom('logged_model')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row || (row.lifecycle === 'deleted' && !options?.allowDeleted)) throw trackingErrors.LOGGED_MODEL_NOT_FOUND(id)
  return row
}

/** Adds parameters, tags and metrics to rows of logged models: all points, or the last ones of each metric, run and dataset. */
export async function withModelData(
  db: Reader,
  project: string,
  rows: readonly LoggedModelTable[],
  of: 'all' | 'last',
): Promise<LoggedModelRecord[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const params = await db
    .selectFrom('logged_model_param')
    .selectAll()
    .where('project_id', '=', project)
    .where('model_id', 'in', ids)
    .orderBy('key')
    .execute()
  const tags = await db
    .selectFrom('logged_model_tag')
    .selectAll()
    .where('project_id', '=', project)
    .where('model_id', 'in', ids)
    .orderBy('key')
    .execute()
  const metrics = await (of === 'all' ? loggedModelPoints : lastOfModels)(db, project, ids)
  const byModel = <T extends { model_id: string }>(list: readonly T[]) => Map.groupBy(list, (row) => row.model_id)
  const [paramsOf, tagsOf, metricsOf] = [byModel(params), byModel(tags), byModel(metrics)]
  return rows.map((row) => ({
    ...row,
    params: (paramsOf.get(row.id) ?? []).map(({ key, value }) => ({ key, value })),
    tags: (tagsOf.get(row.id) ?? []).map(({ key, value }) => ({ key, value })),
    metrics: metricsOf.get(row.id) ?? [],
  }))
}

/** Begins a logged model: its files follow, then `setLoggedModelStatus`. */
export async function createLoggedModel(
  deps: TrackingDeps,
  scope: Scope,
  input: {
    experiment: string
    name?: string
    modelType?: string
    sourceRun?: string
    params: readonly TagChange[]
    tags: readonly TagChange[]
  },
): Promise<LoggedModelTable> {
  await requireExperiment(deps, scope, input.experiment)
  const { db, clock } = deps
  const { project } = scope
  const now = clock()
  return db.write.transaction().execute(async (trx) => {
    await requireActiveExperiment(trx, project, input.experiment)
    if (input.sourceRun) await requireRun(asReader(trx), project, input.sourceRun)
    const row: LoggedModelTable = {
      project_id: project,
      id: `m-${randomBytes(16).toString('hex')}`,
      experiment_id: input.experiment,
      name: input.name || newRunName(),
      status: 'PENDING',
      model_type: input.modelType ?? '',
      source_run_id: input.sourceRun ?? null,
      lifecycle: 'active',
      created_at: now,
      updated_at: now,
      created_by: scope.principal.id,
    }
    await trx.insertInto('logged_model').values(row).execute()
    await writeLoggedModelParams(trx, project, row.id, input.params)
    await writeLoggedModelTags(trx, project, row.id, input.tags)
    return row
  })
}

export async function updateLoggedModel(
  { db, clock, events }: TrackingDeps,
  scope: Scope,
  id: string,
  change: {
    status?: LoggedModelTable['status']
    lifecycle?: 'deleted'
    params?: readonly TagChange[]
    tags?: readonly TagChange[]
    removeTag?: string
  },
): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const before = await requireLoggedModel(asReader(trx), project, id)
    await trx
      .updateTable('logged_model')
      .set({
        updated_at: clock(),
        ...(change.status ? { status: change.status } : {}),
        ...(change.lifecycle ? { lifecycle: change.lifecycle, deleted_at: clock() } : {}),
      })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .execute()
    if (change.params) await writeLoggedModelParams(trx, project, id, change.params)
    if (change.tags) await writeLoggedModelTags(trx, project, id, change.tags)
    if (change.removeTag !== undefined) {
      const gone = await trx
        .deleteFrom('logged_model_tag')
        .where('project_id', '=', project)
        .where('model_id', '=', id)
        .where('key', '=', change.removeTag)
        .executeTakeFirst()
      if (gone.numDeletedRows === 0n) throw trackingErrors.LOGGED_MODEL_TAG_NOT_FOUND(change.removeTag, id)
    }
    if (change.status === 'READY' && before.status !== 'READY') {
      await events.append(trx, {
        project,
        name: 'logged-model.ready',
        schema: 1,
        by: scope.principal.id,
        subject: urn(project, 'logged-model', id),
        refs: before.source_run_id
          ? [{ rel: 'input', urn: runUrn(project, before.source_run_id), as: 'logged-by' }]
          : [],
        data: { name: before.name, title: before.name, fact: before.name },
      })
    }
  })
}

async function writeLoggedModelParams(
  trx: Trx,
  project: string,
  id: string,
  params: readonly TagChange[],
): Promise<void> {
  if (params.length === 0) return
  await trx
    .insertInto('logged_model_param')
    .values(
      [...new Map(params.map((p) => [p.key, p])).values()].map(({ key, value }) => ({
        project_id: project,
        model_id: id,
        key,
        value,
      })),
    )
    .onConflict((c) => c.doNothing())
    .execute()
}

async function writeLoggedModelTags(trx: Trx, project: string, id: string, tags: readonly TagChange[]): Promise<void> {
  if (tags.length === 0) return
  await trx
    .insertInto('logged_model_tag')
    .values(
      [...new Map(tags.map((t) => [t.key, t])).values()].map(({ key, value }) => ({
        project_id: project,
        model_id: id,
        key,
        value,
      })),
    )
    .onConflict((c) =>
      c.columns(['project_id', 'model_id', 'key']).doUpdateSet((e) => ({ value: e.ref('excluded.value') })),
    )
    .execute()
}
