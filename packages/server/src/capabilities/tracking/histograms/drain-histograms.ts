import { sql } from 'kysely'
import type { Database, Trx } from '../../../kernel/db/index.ts'
import './tables.ts'

const seriesAtOnce = 100
const pointsAtOnce = 2000

/** Takes the histograms of runs that are removed out of sight and queues them. */
export async function queueHistograms(trx: Trx, project: string, runs: readonly string[]): Promise<void> {
  const own = trx.selectFrom('run_histogram').where('project_id', '=', project).where('run_id', 'in', runs)
  await trx
    .insertInto('removed_histogram')
    .columns(['project_id', 'series'])
    .expression(own.select(['project_id', 'series']))
    .execute()
  await trx.deleteFrom('run_histogram').where('project_id', '=', project).where('run_id', 'in', runs).execute()
}

/** Deletes histograms of removed runs, some at a time, so that nobody who writes waits long. Goes on where a run before was cut off. */
export async function drainHistograms(db: Database, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const queued = await db.read
      .selectFrom('removed_histogram')
      .select(['project_id', 'series'])
      .limit(seriesAtOnce)
      .execute()
    if (queued.length === 0) return
    for (const { project_id: project, series } of queued) {
      for (;;) {
        signal?.throwIfAborted()
        if ((await deletePoints(db, project, series)) < pointsAtOnce) break
      }
      await db.write
        .transaction()
        .execute((trx) =>
          trx.deleteFrom('removed_histogram').where('project_id', '=', project).where('series', '=', series).execute(),
        )
    }
  }
}

async function deletePoints(db: Database, project: string, series: string): Promise<number> {
  const key = sql.raw('step, timestamp, digest')
  const own = sql`project_id = ${project} and series = ${series}`
  const { numAffectedRows } = await db.write.transaction().execute((trx) =>
    sql`
      delete from run_histogram_point where ${own} and (${key}) in
        (select ${key} from run_histogram_point where ${own} limit ${pointsAtOnce})`.execute(trx),
  )
  return Number(numAffectedRows ?? 0)
}
