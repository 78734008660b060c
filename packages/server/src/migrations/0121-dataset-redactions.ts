import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** How many rows of erased people a version of a dataset holds. */
export const datasetRedactions: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('dataset_redaction')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('dataset', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('rows', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('dataset_redaction_pk', ['project_id', 'dataset', 'version', 'key_id'])
      .execute()
  },
}
