import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const subjectKeys: Migration = {
  async up(db: Kysely<any>) {
    // Both tables are left out of backups: a key that is in one could not be destroyed.
    await db.schema
      .createTable('subject_root')
      .addColumn('project_id', 'text', (c) => c.primaryKey().references('project.id').onDelete('cascade'))
      .addColumn('sealed', 'text', (c) => c.notNull())
      .addColumn('made_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('subject_key')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      // null: erased. The row stays, so that a late value of the same person is not given a new key.
      .addColumn('sealed', 'text')
      .addColumn('made_at', 'bigint', (c) => c.notNull())
      .addColumn('erased_at', 'bigint')
      .addColumn('erased_by', 'text')
      .addPrimaryKeyConstraint('subject_key_pk', ['project_id', 'subject'])
      .execute()
    await db.schema.createIndex('subject_key_id').on('subject_key').columns(['project_id', 'id']).unique().execute()
    // Which column says whose value a personal one is; null: nobody knows, so it is masked and not sealed.
    await db.schema.alterTable('personal_column').addColumn('subject_column', 'text').execute()
    // JSON: the columns of a version that are sealed, and what types they had.
    await db.schema.alterTable('dataset_version').addColumn('sealed', 'text').execute()
  },
}
