import type { Scope } from '../../../kernel/principal/index.ts'
import { pipelineErrors } from '../errors.ts'
import { advanceRun, lockRun } from './advance-run.ts'
import type { Engine } from './engine.ts'
import { activeRunStates } from './step-states.ts'
import { stopSteps } from './watch-step.ts'

/** Cancels a run: what has not begun never does, what runs is stopped and recorded when it has ended. */
export async function cancelRun(engine: Engine, scope: Scope, id: string): Promise<void> {
  const { db, clock } = engine
  await db.write.transaction().execute(async (trx) => {
    const run = await lockRun(trx, scope.project, id)
    if (!run) throw pipelineErrors.RUN_NOT_FOUND(id)
    if (!activeRunStates.includes(run.state)) throw pipelineErrors.RUN_ENDED(id, run.state)
    if (run.cancel_requested_at !== null) return
    const cancel = { cancel_requested_at: clock(), cancel_requested_by: scope.principal.id }
    await trx
      .updateTable('pipeline_run')
      .set(cancel)
      .where('project_id', '=', scope.project)
      .where('id', '=', id)
      .execute()
    await advanceRun(trx, engine, { ...run, ...cancel })
  })
  stopSteps(engine, scope.project, id)
}
