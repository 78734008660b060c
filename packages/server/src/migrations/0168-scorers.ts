import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Scorers of experiments: what judges traces, as text that clients read and run. */
export const scorers: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('scorer')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      // What share of new traces it should judge, and which; null before somebody said so.
      .addColumn('online_id', 'text')
      .addColumn('sample_rate', sql`double precision`)
      .addColumn('filter', 'text')
      .addPrimaryKeyConstraint('scorer_pk', ['project_id', 'experiment_id', 'name'])
      .execute()
    await db.schema.createIndex('scorer_by_id').on('scorer').columns(['project_id', 'id']).unique().execute()
    await db.schema
      .createTable('scorer_version')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('scorer_id', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('content', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('scorer_version_pk', ['project_id', 'scorer_id', 'version'])
      .execute()
  },
}
