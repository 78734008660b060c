import type { ImportedLoggedModel } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import type { Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { artifactPath } from './artifact-path.ts'
import { dropUnusedRefs, refuseCollision } from './artifacts.ts'
import type { TrackingDeps } from './experiments.ts'
import type { Refusal } from './import-runs.ts'
import { latestOf, type LoggedModelPoint, pointColumns, putPoints } from './logged-model-metrics.ts'
import { type ArtifactOwner, ownerKey, ownerUrn } from './urns.ts'

/** Writes logged models of a source with their ids and times; what is there already becomes what the source says. */
export async function importLoggedModels(
  { db, clock }: Pick<TrackingDeps, 'db' | 'clock'>,
  trx: Trx,
  { project, principal }: Scope,
  models: readonly ImportedLoggedModel[],
  experiments: ReadonlyMap<string, string>,
): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const model of models) {
    const experiment = experiments.get(model.experiment)
    if (experiment === undefined) {
      refused.push({ what: `logged model ${model.id}`, why: `its experiment ${model.experiment} was not sent` })
      continue
    }
    const before = await trx
      .selectFrom('logged_model')
      .select(['experiment_id', 'deleted_at'])
      .where('project_id', '=', project)
      .where('id', '=', model.id)
      .executeTakeFirst()
    if (before && before.experiment_id !== experiment) {
      refused.push({
        what: `logged model ${model.id}`,
        why: `the project has another one with this id, in experiment ${before.experiment_id}`,
      })
      continue
    }
    const set = {
      name: model.name,
      status: model.status,
      model_type: model.modelType,
      source_run_id: model.sourceRun,
      lifecycle: model.lifecycle,
      created_at: model.createdAt ?? clock(),
      updated_at: model.updatedAt ?? model.createdAt ?? clock(),
      // Its days in the trash begin here: the source's days say nothing about who may still miss it here.
      deleted_at: model.lifecycle === 'deleted' ? (before?.deleted_at ?? clock()) : null,
    }
    await trx
      .insertInto('logged_model')
      .values({ project_id: project, id: model.id, experiment_id: experiment, created_by: principal.id, ...set })
      .onConflict((c) => c.columns(['project_id', 'id']).doUpdateSet(set))
      .execute()
    for (const table of [
      'logged_model_param',
      'logged_model_tag',
      'logged_model_metric',
      'logged_model_point',
    ] as const)
      await trx.deleteFrom(table).where('project_id', '=', project).where('model_id', '=', model.id).execute()
    const keyed = ['project_id', 'model_id', 'key', 'value'] as const
    const pairs = (of: Readonly<Record<string, string>>) =>
      Object.entries(of).map(([key, value]) => [project, model.id, key, value])
    await db.bulkInsert(trx, 'logged_model_param', keyed, pairs(model.params))
    await db.bulkInsert(trx, 'logged_model_tag', keyed, pairs(model.tags))
    const points = model.metrics.map(
      (m): LoggedModelPoint => ({
        model_id: model.id,
        key: m.key,
        timestamp: m.timestamp,
        step: m.step,
        run_id: m.run,
        dataset_name: m.dataset,
        dataset_digest: m.digest,
        value: m.value ?? 0,
        is_nan: m.value === null ? 1 : 0,
      }),
    )
    await putPoints(db, trx, project, clock(), points)
    const latest = latestOf(points)
    await db.bulkInsert(
      trx,
      'logged_model_metric',
      ['project_id', ...pointColumns],
      latest.map((point) => [project, ...pointColumns.map((column) => point[column])]),
    )
  }
  return refused
}

/** Makes stored content a file of a run or logged model, also of a deleted one. */
export async function importFile(
  { clock }: Pick<TrackingDeps, 'clock'>,
  trx: Trx,
  { project }: Scope,
  owner: ArtifactOwner,
  file: { path: string; digest: string; size: number },
): Promise<void> {
  const { digest, size } = file
  const path = artifactPath(file.path)
  await refuseCollision(trx, project, owner, path)
  const at = clock()
  const before = await trx
    .selectFrom('artifact_file')
    .select('digest')
    .where('project_id', '=', project)
    .where('owner', '=', ownerKey(owner))
    .where('path', '=', path)
    .executeTakeFirst()
  await trx
    .insertInto('artifact_file')
    .values({ project_id: project, owner: ownerKey(owner), path, digest, size, created_at: at })
    .onConflict((c) => c.columns(['project_id', 'owner', 'path']).doUpdateSet({ digest, size, created_at: at }))
    .execute()
  await addBlobRef(trx, { project, digest, owner: ownerUrn(project, owner), size, at })
  if (before && before.digest !== digest) await dropUnusedRefs(trx, project, owner, [before.digest])
}
