import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Imports from other trackers: where each experiment of a source went, and which runs of it have arrived. */
export const imports: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('import')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .addColumn('started_by', 'text', (c) => c.notNull())
      .addColumn('report', 'text')
      .addPrimaryKeyConstraint('import_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('import_open')
      .unique()
      .on('import')
      .columns(['project_id', 'source'])
      .where(sql.ref('finished_at'), 'is', null)
      .execute()
    await db.schema
      .createTable('import_experiment')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('source_id', 'text', (c) => c.notNull())
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('import_experiment_pk', ['project_id', 'source', 'source_id'])
      .execute()
    await db.schema
      .createTable('import_run')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('run_id', 'text', (c) => c.notNull())
      .addColumn('mark', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('import_run_pk', ['project_id', 'source', 'run_id'])
      .execute()
  },
}
