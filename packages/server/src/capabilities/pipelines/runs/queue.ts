import type { PipelineRunCause, QueuedStep } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { pipelineErrors } from '../errors.ts'
import { lockRun } from './advance-run.ts'
import type { Engine } from './engine.ts'
import { activeRunStates, stepJob } from './step-states.ts'

const longestQueue = 1000

/** The steps of a project that run or wait for a slot, in the order in which they begin. */
export async function listQueue(db: Reader, scope: Scope): Promise<QueuedStep[]> {
  const rows = await db
    .selectFrom('pipeline_step')
    .innerJoin('pipeline_run', (join) =>
      join
        .onRef('pipeline_run.project_id', '=', 'pipeline_step.project_id')
        .onRef('pipeline_run.id', '=', 'pipeline_step.run_id'),
    )
    .innerJoin('job', (join) =>
      join
        .onRef('job.project_id', '=', 'pipeline_step.project_id')
        .on('job.kind', '=', stepJob)
        .on('job.state', 'in', ['queued', 'running'])
        .on((e) => e('job.key', '=', e(e('pipeline_step.run_id', '||', '/'), '||', e.ref('pipeline_step.name')))),
    )
    .select([
      'pipeline_step.run_id',
      'pipeline_step.name',
      'pipeline_step.kind',
      'pipeline_step.queued_at',
      'pipeline_step.not_before',
      'pipeline_run.pipeline',
      'pipeline_run.priority',
      'pipeline_run.cause',
      'job.state',
    ])
    .where('pipeline_run.project_id', '=', scope.project)
    .where('pipeline_run.state', 'in', [...activeRunStates])
    .orderBy('job.rank')
    .orderBy('job.not_before')
    .orderBy('job.id')
    .limit(longestQueue)
    .execute()
  let position = 0
  return rows
    .toSorted((a, b) => Number(b.state === 'running') - Number(a.state === 'running'))
    .map((row) => ({
      position: row.state === 'running' ? 0 : ++position,
      run: row.run_id,
      pipeline: row.pipeline,
      step: row.name,
      kind: row.kind,
      state: row.state === 'running' ? ('running' as const) : ('queued' as const),
      priority: row.priority,
      cause: JSON.parse(row.cause) as PipelineRunCause,
      queuedAt: row.queued_at,
      notBefore: row.not_before,
    }))
}

/** Moves a run up or down in the queue; its steps that wait move with it. */
export async function setPriority({ db, jobs }: Engine, scope: Scope, id: string, priority: number): Promise<void> {
  await db.write.transaction().execute(async (trx) => {
    const run = await lockRun(trx, scope.project, id)
    if (!run) throw pipelineErrors.RUN_NOT_FOUND(id)
    if (!activeRunStates.includes(run.state)) throw pipelineErrors.RUN_ENDED(id, run.state)
    await trx
      .updateTable('pipeline_run')
      .set({ priority })
      .where('project_id', '=', scope.project)
      .where('id', '=', id)
      .execute()
    const steps = await trx
      .selectFrom('pipeline_step')
      .select('name')
      .where('project_id', '=', scope.project)
      .where('run_id', '=', id)
      .execute()
    await jobs.prioritize(
      trx,
      { project: scope.project, kind: stepJob, keys: steps.map((step) => `${id}/${step.name}`) },
      priority,
    )
  })
}
