import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** By which policy runs of a project are archived, and of each run by which one it was, or that somebody brought it back. */
export const archivePolicy: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('archive_policy')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('policy', 'text', (c) => c.notNull())
      .addColumn('saved_at', 'bigint', (c) => c.notNull())
      .addColumn('saved_by_name', 'text', (c) => c.notNull())
      .addColumn('last_at', 'bigint')
      .addColumn('archived', 'integer', (c) => c.notNull().defaultTo(0))
      .addPrimaryKeyConstraint('archive_policy_pk', ['project_id'])
      .execute()
    await db.schema.alterTable('run').addColumn('archived_because', 'text').execute()
    await db.schema.alterTable('run').addColumn('brought_back_at', 'bigint').execute()
  },
}
