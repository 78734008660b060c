import { sql } from 'kysely'
import type { Scope } from '../../kernel/principal/index.ts'
import { requireActiveExperiment, requireExperiment, type TrackingDeps } from './experiments.ts'
import { requireActiveRun } from './runs.ts'
import { runUrn } from './urns.ts'
import './tables.ts'

/** Moves an active run to another active experiment, with its inputs and the logged models that it made; event `run.moved`. Runs that are nested in it stay where they are. */
export async function moveRun(deps: TrackingDeps, scope: Scope, id: string, experiment: string): Promise<void> {
  const { project } = scope
  await requireExperiment(deps, scope, experiment)
  await deps.db.write.transaction().execute(async (trx) => {
    const run = await requireActiveRun(trx, project, id)
    const to = await requireActiveExperiment(trx, project, experiment)
    if (run.experiment_id === to.id) return
    // What is known of a dataset belongs to an experiment: the other one gets to know it too.
    await trx
      .insertInto('run_dataset')
      .columns(['project_id', 'experiment_id', 'name', 'digest', 'source_type', 'source', 'schema', 'profile'])
      .expression((e) =>
        e
          .selectFrom('run_dataset as known')
          .innerJoin('run_input as read', (join) =>
            join
              .onRef('read.project_id', '=', 'known.project_id')
              .onRef('read.experiment_id', '=', 'known.experiment_id')
              .onRef('read.name', '=', 'known.name')
              .onRef('read.digest', '=', 'known.digest'),
          )
          .select([
            'known.project_id',
            sql<string>`${to.id}`.as('experiment_id'),
            'known.name',
            'known.digest',
            'known.source_type',
            'known.source',
            'known.schema',
            'known.profile',
          ])
          .where('read.project_id', '=', project)
          .where('read.run_id', '=', id),
      )
      .onConflict((c) => c.doNothing())
      .execute()
    for (const [table, column] of [
      ['run', 'id'],
      ['run_input', 'run_id'],
      ['logged_model', 'source_run_id'],
    ] as const)
      await trx
        .updateTable(table)
        .set({ experiment_id: to.id })
        .where('project_id', '=', project)
        .where(column as 'id', '=', id)
        .execute()
    await deps.events.append(trx, {
      project,
      name: 'run.moved',
      schema: 1,
      by: scope.principal.id,
      subject: runUrn(project, id),
      refs: [],
      data: { name: run.name, from: run.experiment_id, to: to.id, fact: `${run.name} now in ${to.name}` },
    })
  })
}
