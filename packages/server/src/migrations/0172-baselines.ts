import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Published results that the runs of an experiment are compared with. */
export const baselines: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('baseline')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('content', 'text', (c) => c.notNull())
      .addColumn('record_digest', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addColumn('created_by_name', 'text', (c) => c.notNull())
      .addColumn('retired_at', 'bigint')
      .addColumn('retired_by', 'text')
      .addColumn('retired_reason', 'text')
      .addPrimaryKeyConstraint('baseline_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('baseline_by_experiment')
      .on('baseline')
      .columns(['project_id', 'experiment_id', 'id'])
      .execute()
  },
}
