import { type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What is in the trash since when, what was removed from it, and the points of removed metrics that are still to be deleted. */
export const runTrash: Migration = {
  async up(db: Kysely<any>) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
    // Null for what an older program has deleted: then it is in the trash since its last change.
    await db.schema.alterTable('experiment').addColumn('deleted_at', 'bigint').execute()
    await db.schema
      .createIndex('run_deleted')
      .on('run')
      .columns(['project_id', 'deleted_at', 'id'])
      .where(sql.ref('lifecycle'), '=', sql.lit('deleted'))
      .execute()
    await db.schema.createIndex('run_model_by_model').on('run_model').columns(['project_id', 'model_id']).execute()
    // Says whether a version was registered from a logged model.
    await db.schema
      .createIndex('model_version_by_logged_model')
      .on('model_version')
      .columns(['project_id', 'logged_model_id'])
      .where(sql.ref('logged_model_id'), 'is not', null)
      .execute()
    await db.schema
      .createTable('removed_experiment')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('number', 'bigint', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('removed_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('removed_experiment_pk', ['project_id', 'experiment_id'])
      .execute()
    const series = db.schema
      .createTable('removed_series')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('series_id', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('removed_series_pk', ['series_id'])
    await (isSqlite ? series.modifyEnd(sql`without rowid`) : series).execute()
  },
}
