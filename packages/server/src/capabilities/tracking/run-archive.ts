import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import type { TrackingDeps } from './experiments.ts'
import { runUrn } from './urns.ts'
import './tables.ts'

/** Moves runs into the archive or out of it, all or none, and returns how many moved; events `run.archived` and `run.unarchived`. */
export async function archiveRuns(
  { db, clock, events }: TrackingDeps,
  scope: Scope,
  ids: readonly string[],
  archived: boolean,
): Promise<number> {
  const { project } = scope
  const wanted = [...new Set(ids)]
  return db.write.transaction().execute(async (trx) => {
    const found = await trx
      .selectFrom('run')
      .select(['id', 'name', 'archived_at'])
      .where('project_id', '=', project)
      .where('id', 'in', wanted)
      .execute()
    const known = new Set(found.map((run) => run.id))
    const missing = wanted.find((id) => !known.has(id))
    if (missing !== undefined) throw trackingErrors.RUN_NOT_FOUND(missing)
    const moved = found.filter((run) => (run.archived_at !== null) !== archived)
    if (moved.length === 0) return 0
    await trx
      .updateTable('run')
      .set(
        archived
          ? { archived_at: clock(), archived_because: null, brought_back_at: null }
          : { archived_at: null, archived_because: null, brought_back_at: clock() },
      )
      .where('project_id', '=', project)
      .where(
        'id',
        'in',
        moved.map((run) => run.id),
      )
      .execute()
    for (const run of moved)
      await events.append(trx, {
        project,
        name: archived ? 'run.archived' : 'run.unarchived',
        schema: 1,
        by: scope.principal.id,
        subject: runUrn(project, run.id),
        refs: [],
        data: { name: run.name },
      })
    return moved.length
  })
}
