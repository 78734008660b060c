import type { Engine } from '../runs/engine.ts'
import { dueOf, evaluateSchedules } from './follow-events.ts'

/** Fires what is due in projects that follow the wall clock. Looks first, so that an idle tick writes nothing. */
export async function tickSchedules(engine: Engine): Promise<void> {
  const { db, watermark } = engine
  const rows = await db.read.selectFrom('pipeline_trigger').selectAll().where('schedule', '=', 1).execute()
  for (const project of new Set(rows.map((row) => row.project_id))) {
    const { at, mode } = await watermark.read(db.read, project)
    // A replay fires on watermark.advanced.
    if (mode === 'replay') continue
    if (rows.some((row) => row.project_id === project && dueOf(row, at) !== undefined)) {
      await db.write.transaction().execute(async (trx) => {
        await engine.leader.guard(trx)
        await evaluateSchedules(trx, engine, project, at)
      })
    }
  }
}
