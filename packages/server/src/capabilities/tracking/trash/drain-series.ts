import { sql } from 'kysely'
import type { Database } from '../../../kernel/db/index.ts'
import '../tables.ts'

const seriesAtOnce = 100
const pointsAtOnce = 20_000

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
