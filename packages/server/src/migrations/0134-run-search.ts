import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/**
 * What searches over many runs read: the earliest point of a metric beside its latest, and metrics, parameters and tags by value. Rows of before have no earliest
 * point; it is read from their points until they are written again. Postgres indexes no long text: of a value its first 64 letters.
 */
export const runSearch: Migration = {
  async up(db: Kysely<any>) {
    for (const [column, type] of [
      ['first_value', sql`double precision`],
      ['first_is_nan', 'integer'],
      ['first_step', 'bigint'],
      ['first_timestamp', 'bigint'],
    ] as const)
      await db.schema.alterTable('run_metric').addColumn(column, type).execute()
    await db.schema
      .createIndex('run_metric_by_value')
      .on('run_metric')
      .columns(['project_id', 'key', 'last_is_nan', 'last_value', 'run_id'])
      .execute()
    for (const kind of ['param', 'tag'])
      await sql`create index ${sql.ref(`run_${kind}_by_value`)} on ${sql.table(`run_${kind}`)} (project_id, key, substr(value, 1, 64), run_id)`.execute(
        db,
      )
  },
}
