import type { Trx } from '../../../kernel/db/index.ts'
import { archiveUrn } from '../archive/archive-run.ts'
import { queueHistograms } from '../histograms/drain-histograms.ts'
import { removePointsOfRuns } from '../logged-model-metrics.ts'
import { ownerKey, ownerUrn } from '../urns.ts'
import { queueSeries } from './drain-series.ts'
import '../replay/tables.ts'
import '../tables.ts'

/** Removes runs with everything that only they have: parameters, tags, metrics, inputs, files, and the logged models that they made. Points and histograms are queued, see `drainSeries` and `drainHistograms`. */
export async function removeRunRows(trx: Trx, project: string, runs: readonly string[]): Promise<void> {
  if (runs.length === 0) return
  const models = await trx
    .selectFrom('logged_model')
    .select('id')
    .where('project_id', '=', project)
    .where('source_run_id', 'in', runs)
    .execute()
  await removeLoggedModelRows(
    trx,
    project,
    models.map((model) => model.id),
  )
  await removePointsOfRuns(trx, project, runs)
  await queueSeries(trx, project, runs)
  await queueHistograms(trx, project, runs)
  for (const table of [
    'metric_archive',
    'metric_archive_key',
    'run_metric',
    'run_param',
    'run_tag',
    'run_input',
    'run_model',
    'run_console',
    'run_recovered_point',
  ] as const)
    await trx.deleteFrom(table).where('project_id', '=', project).where('run_id', 'in', runs).execute()
  await removeFiles(trx, project, 'run', runs)
  await letGo(
    trx,
    project,
    runs.map((run) => archiveUrn(project, run)),
  )
  // What was nested in a removed run stands by itself.
  await trx
    .updateTable('run')
    .set({ parent_id: null })
    .where('project_id', '=', project)
    .where('parent_id', 'in', runs)
    .execute()
  await trx.deleteFrom('run').where('project_id', '=', project).where('id', 'in', runs).execute()
}

/** Removes logged models with their parameters, tags, metrics and files. */
export async function removeLoggedModelRows(trx: Trx, project: string, models: readonly string[]): Promise<void> {
  if (models.length === 0) return
  for (const table of [
    'logged_model_param',
    'logged_model_tag',
    'logged_model_metric',
    'logged_model_point',
    'run_model',
  ] as const)
    await trx.deleteFrom(table).where('project_id', '=', project).where('model_id', 'in', models).execute()
  await removeFiles(trx, project, 'logged-model', models)
  await trx.deleteFrom('logged_model').where('project_id', '=', project).where('id', 'in', models).execute()
}

/** Lets go of files; their content is collected once nobody else refers to it. */
async function removeFiles(
  trx: Trx,
  project: string,
  kind: 'run' | 'logged-model',
  ids: readonly string[],
): Promise<void> {
  await trx
    .deleteFrom('artifact_file')
    .where('project_id', '=', project)
    .where(
      'owner',
      'in',
      ids.map((id) => ownerKey({ kind, id })),
    )
    .execute()
  await letGo(
    trx,
    project,
    ids.map((id) => ownerUrn(project, { kind, id })),
  )
}

async function letGo(trx: Trx, project: string, owners: readonly string[]): Promise<void> {
  await trx.deleteFrom('blob_ref').where('project_id', '=', project).where('owner', 'in', owners).execute()
}
