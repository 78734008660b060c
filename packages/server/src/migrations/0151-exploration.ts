import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What people confirmed of runs, and their ideas for experiments. */
export const exploration: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('run_note')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('run_id', 'text', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('draft_digest', 'text', (c) => c.notNull())
      .addColumn('edited', 'integer', (c) => c.notNull())
      .addColumn('confirmed_by', 'text', (c) => c.notNull())
      .addColumn('confirmed_by_name', 'text', (c) => c.notNull())
      .addColumn('confirmed_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('run_note_pk', ['project_id', 'kind', 'subject'])
      .execute()
    await db.schema
      .createIndex('run_note_by_experiment')
      .on('run_note')
      .columns(['project_id', 'experiment_id', 'confirmed_at', 'subject'])
      .execute()
    await db.schema
      .createTable('idea')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('title', 'text', (c) => c.notNull())
      .addColumn('hypothesis', 'text', (c) => c.notNull())
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('outcome', 'text')
      .addColumn('reason', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addColumn('created_by_name', 'text', (c) => c.notNull())
      .addColumn('hypothesis_at', 'bigint')
      .addColumn('decided_at', 'bigint')
      .addColumn('decided_by', 'text')
      .addColumn('decided_by_name', 'text')
      .addPrimaryKeyConstraint('idea_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('idea_by_experiment')
      .on('idea')
      .columns(['project_id', 'experiment_id', 'id'])
      .execute()
  },
}
