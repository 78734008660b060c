import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What people write about datasets, every text with its author. */
export const dataSheets: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('dataset_sheet_part')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('dataset', 'text', (c) => c.notNull())
      .addColumn('part', 'text', (c) => c.notNull())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('version', 'integer')
      .addColumn('written_at', 'bigint', (c) => c.notNull())
      .addColumn('written_by', 'text', (c) => c.notNull())
      .addColumn('written_by_name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('dataset_sheet_part_pk', ['project_id', 'dataset', 'part', 'revision'])
      .execute()
  },
}
