import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const erasures: Migration = {
  async up(db: Kysely<any>) {
    // Accounts belong to the instance and stand under the project `*`, which is no name of a project.
    await db.schema
      .createTable('erasure')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('fingerprint', 'text', (c) => c.notNull())
      .addColumn('sealed_subject', 'text')
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('reason', 'text', (c) => c.notNull())
      .addColumn('erased_at', 'bigint', (c) => c.notNull())
      .addColumn('erased_by', 'text', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .addColumn('found', 'text', (c) => c.notNull())
      .addColumn('changed', 'text', (c) => c.notNull())
      .addColumn('models', 'text', (c) => c.notNull())
      .addColumn('error', 'text')
      .addUniqueConstraint('erasure_key', ['project_id', 'key_id'])
      .execute()
  },
}
