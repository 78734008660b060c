import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What is declared about a dataset beside its checks, and the statistics of a version's slices. */
export const datasetDeclaration: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('dataset')
      .addColumn('declaration', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
    await db.schema
      .alterTable('dataset_version')
      .addColumn('slices', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
  },
}
