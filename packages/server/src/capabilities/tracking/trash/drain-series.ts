import { sql } from 'kysely'
import type { Database, Trx } from '../../../kernel/db/index.ts'
import '../tables.ts'

const seriesAtOnce = 100
const pointsAtOnce = 20_000

/** Queues the points that metrics of runs have in the table; whoever calls it takes the metrics their series. */
export async function queueSeries(trx: Trx, project: string, runs: readonly string[]): Promise<void> {
  await trx
    .insertInto('removed_series')
    .columns(['project_id', 'series_id'])
    .expression((e) =>
      e
        .selectFrom('run_metric')
        .select(['project_id', 'series_id'])
        .where('project_id', '=', project)
        .where('run_id', 'in', runs),
    )
    .onConflict((c) => c.doNothing())
    .execute()
}

/** Deletes the points of removed metrics, some at a time, so that nobody who writes waits long. Goes on where a run before was cut off. */
export async function drainSeries(db: Database, signal?: AbortSignal): Promise<void> {
  for (;;) {
    signal?.throwIfAborted()
    const queued = await db.read.selectFrom('removed_series').select('series_id').limit(seriesAtOnce).execute()
    if (queued.length === 0) return
    const ids = queued.map((row) => Number(row.series_id))
    for (;;) {
      signal?.throwIfAborted()
      if ((await deletePoints(db, ids)) < pointsAtOnce) break
    }
    await db.write
      .transaction()
      .execute((trx) => trx.deleteFrom('removed_series').where('series_id', 'in', ids).execute())
  }
}

async function deletePoints(db: Database, ids: readonly number[]): Promise<number> {
  const key = sql.raw('series_id, step, timestamp, value, is_nan')
  const { numAffectedRows } = await db.write.transaction().execute((trx) =>
    sql`
      delete from run_metric_point where (${key}) in
        (select ${key} from run_metric_point where series_id in (${sql.join(ids)}) limit ${pointsAtOnce})`.execute(trx),
  )
  return Number(numAffectedRows ?? 0)
}
