import type { ModelRetraining } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { findRetrainers, type Pipelines } from '../pipelines/index.ts'
import { noCriteria, withoutCriteria } from './promotion.ts'
import { requireModel } from './read-models.ts'

const ended = 'finished,rejected,failed,cancelled'

/** When a model is retrained, how old it is, how the last retraining ended, and what wants attention. */
export async function readRetraining(
  { db, clock, pipelines }: Pick<Kernel, 'db' | 'clock'> & { pipelines: Pick<Pipelines, 'triggers' | 'runs'> },
  scope: Scope,
  name: string,
): Promise<ModelRetraining> {
  const { project } = scope
  const model = await requireModel(db.read, project, name)
  const retrainers = (await findRetrainers(db.read, project)).filter((one) => one.model === name)
  const triggers = (
    await Promise.all(
      retrainers.map(async ({ pipeline }) =>
        (await pipelines.triggers(scope, pipeline, { limit: 1 })).triggers.map((trigger) => ({ pipeline, ...trigger })),
      ),
    )
  ).flat()
  const runs = await Promise.all(
    retrainers.map(async ({ pipeline }) => (await pipelines.runs(scope, { pipeline, state: ended, limit: 1 })).runs[0]),
  )
  const lastOutcome = runs.filter((run) => run !== undefined).toSorted((a, b) => b.createdAt - a.createdAt)[0] ?? null
  const champion = await db.read
    .selectFrom('model_alias')
    .select('version')
    .where('project_id', '=', project)
    .where('model', '=', name)
    .where('alias', '=', 'champion')
    .executeTakeFirst()
  let versions = db.read
    .selectFrom('model_version')
    .select(['version', 'created_at'])
    .where('project_id', '=', project)
    .where('model', '=', name)
    .where('deleted_at', 'is', null)
  if (champion) versions = versions.where('version', '=', champion.version)
  const version = await versions.orderBy('version', 'desc').limit(1).executeTakeFirst()
  const lacking = (await withoutCriteria(db.read, project, [model])).has(name)
  return {
    productive: model.productive === 1,
    stated: model.retraining,
    triggers,
    version: version?.version ?? null,
    ageMs: version ? Math.max(0, clock() - version.created_at) : null,
    lastOutcome,
    warnings: [
      ...(lacking ? [noCriteria(name)] : []),
      ...triggers.flatMap(({ pipeline, name: trigger, cadence }) =>
        cadence.warning === null ? [] : [`${pipeline}, ${trigger}: ${cadence.warning}`],
      ),
    ],
  }
}
