import { type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Saved views of runs; and the newest runs first without a sort, which Postgres needs an index of its own for. */
export const runViews: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('run_view')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('owner', 'text', (c) => c.notNull())
      .addColumn('owner_name', 'text', (c) => c.notNull())
      .addColumn('shared', 'integer', (c) => c.notNull())
      .addColumn('filter', 'text', (c) => c.notNull())
      .addColumn('sort', 'text', (c) => c.notNull())
      .addColumn('columns', 'text', (c) => c.notNull())
      .addColumn('grouping', 'text', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('run_view_pk', ['project_id', 'id'])
      .addUniqueConstraint('run_view_name', ['project_id', 'experiment_id', 'owner', 'name'])
      .execute()
    if (!(db.getExecutor().adapter instanceof SqliteAdapter))
      await sql`create index run_by_newest on run (project_id, experiment_id, lifecycle, start_time desc nulls last, id)`.execute(
        db,
      )
  },
}
