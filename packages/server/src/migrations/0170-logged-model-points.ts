import { type ColumnDefinitionBuilder, type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

/**
 * Every point of the metrics of logged models; `logged_model_metric` goes on to hold the last of each run and dataset, which is all that a program of before this one
 * writes and reads. What such a program has written is read beside the points and becomes one before it is replaced.
 */
export const loggedModelPoints: Migration = {
  async up(db: Kysely<any>) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
    const table = db.schema
      .createTable('logged_model_point')
      .addColumn('project_id', 'text', required)
      .addColumn('model_id', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('timestamp', 'bigint', required)
      .addColumn('step', 'bigint', required)
      .addColumn('run_id', 'text', required)
      .addColumn('dataset_name', 'text', required)
      .addColumn('dataset_digest', 'text', required)
      .addColumn('value', sql`double precision`, required)
      .addColumn('is_nan', 'integer', required)
      .addColumn('position', 'bigint', required)
      .addPrimaryKeyConstraint('logged_model_point_pk', [
        'project_id',
        'model_id',
        'key',
        'timestamp',
        'step',
        'run_id',
      ])
    await (isSqlite ? table.modifyEnd(sql`without rowid`) : table).execute()
    await db.schema
      .createIndex('logged_model_point_by_run')
      .on('logged_model_point')
      .columns(['project_id', 'run_id', 'model_id'])
      .execute()
  },
}
