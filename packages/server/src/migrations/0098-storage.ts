import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const storage: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('storage_collection')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('dry_run', 'integer', (c) => c.notNull())
      .addColumn('by_id', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .addColumn('error', 'text')
      .addColumn('counts', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('storage_collection_started').on('storage_collection').column('started_at').execute()
    await db.schema
      .createTable('storage_damage')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('why', 'text', (c) => c.notNull())
      .addColumn('first_at', 'bigint', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addColumn('times', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('storage_damage_pk', ['project_id', 'digest'])
      .execute()
  },
}
