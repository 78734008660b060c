import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Registry } from '../registry/index.ts'

/** The experiments whose runs became versions of a model; the model must exist. */
export async function modelExperiments(
  { db, registry }: Pick<Kernel, 'db'> & { readonly registry: Pick<Registry, 'model'> },
  scope: Scope,
  model: string,
): Promise<{ id: string; name: string }[]> {
  await registry.model(scope, model)
  return db.read
    .selectFrom('model_version as version')
    .innerJoin('run', (join) =>
      join.onRef('run.project_id', '=', 'version.project_id').onRef('run.id', '=', 'version.run_id'),
    )
    .innerJoin('experiment', (join) =>
      join.onRef('experiment.project_id', '=', 'run.project_id').onRef('experiment.id', '=', 'run.experiment_id'),
    )
    .select(['experiment.id', 'experiment.name'])
    .distinct()
    .where('version.project_id', '=', scope.project)
    .where('version.model', '=', model)
    .orderBy('experiment.name')
    .execute()
}
