import { asReader, type Trx } from '../../../kernel/db/index.ts'
import { knownEvents } from '../../../kernel/events/index.ts'
import { enqueueStep } from './create-run.ts'
import type { Engine } from './engine.ts'
import { advanceRun, lockRun } from './advance-run.ts'

export const decisionEvents = ['inbox.decided', 'inbox.withdrawn'] as const

type Deps = Pick<Engine, 'clock' | 'events' | 'jobs'>

/** Lets the steps go on that wait for an inbox item. */
export async function resumeWaiting(
  trx: Trx,
  deps: Deps,
  { project, urn }: { project: string; urn: string },
): Promise<void> {
  const waiting = await trx
    .selectFrom('pipeline_step')
    .select(['run_id', 'name'])
    .where('project_id', '=', project)
    .where('waiting_for', '=', urn)
    .where('state', '=', 'waiting')
    .execute()
  for (const step of waiting) {
    const run = await lockRun(trx, project, step.run_id)
    if (!run) continue
    const { numUpdatedRows } = await trx
      .updateTable('pipeline_step')
      .set({ state: 'queued', reason: null, queued_at: deps.clock() })
      .where('project_id', '=', project)
      .where('run_id', '=', step.run_id)
      .where('name', '=', step.name)
      .where('state', '=', 'waiting')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) continue
    await enqueueStep(trx, deps, { project, run: step.run_id, step: step.name, priority: run.priority })
    await advanceRun(trx, deps, run)
  }
}

/** The same for an item that was decided before anybody waited for it; without an item, for every one that steps wait for. */
export async function resumeDecided(
  { db, ...deps }: Deps & Pick<Engine, 'db'>,
  only?: { project: string; urn: string },
): Promise<void> {
  let query = db.read
    .selectFrom('pipeline_step')
    .select(['project_id', 'waiting_for'])
    .where('state', '=', 'waiting')
    .distinct()
  if (only) query = query.where('project_id', '=', only.project).where('waiting_for', '=', only.urn)
  for (const { project_id: project, waiting_for: urn } of await query.execute()) {
    if (urn === null) continue
    await db.write.transaction().execute(async (trx) => {
      const decided = await knownEvents(asReader(trx))
        .select('id')
        .where('project_id', '=', project)
        .where('subject', '=', urn)
        .where('name', 'in', [...decisionEvents])
        .executeTakeFirst()
      if (decided) await resumeWaiting(trx, deps, { project, urn })
    })
  }
}
