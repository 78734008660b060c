import { type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Runs whose metric points were moved to Parquet files, and what of each metric is in there. */
export const metricArchive: Migration = {
  async up(db: Kysely<any>) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
    const files = db.schema
      .createTable('metric_archive')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('run_id', 'text', (c) => c.notNull())
      .addColumn('blob', 'text', (c) => c.notNull())
      .addColumn('bytes', 'bigint', (c) => c.notNull())
      .addColumn('points', 'bigint', (c) => c.notNull())
      .addColumn('archived_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('metric_archive_pk', ['project_id', 'run_id'])
    const keys = db.schema
      .createTable('metric_archive_key')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('run_id', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('points', 'bigint', (c) => c.notNull())
      .addColumn('nan_count', 'bigint', (c) => c.notNull())
      .addColumn('low_step', 'bigint', (c) => c.notNull())
      .addColumn('high_step', 'bigint', (c) => c.notNull())
      // The distance of its steps where it is always the same.
      .addColumn('every', 'bigint')
      .addPrimaryKeyConstraint('metric_archive_key_pk', ['project_id', 'run_id', 'key'])
    for (const table of [files, keys]) await (isSqlite ? table.modifyEnd(sql`without rowid`) : table).execute()
  },
}
