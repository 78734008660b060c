import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Uploads in parts that are under way, or whose content waits for whoever refers to it. */
export const uploads: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('upload')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('by_id', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('handle', 'text', (c) => c.notNull())
      .addColumn('target', 'text')
      .addColumn('digest', 'text')
      .addColumn('size', 'bigint')
      .addColumn('part_size', 'bigint')
      .addColumn('parts', 'integer', (c) => c.notNull())
      .addColumn('finishing_at', 'bigint')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('upload_project').on('upload').columns(['project_id', 'by_id', 'digest']).execute()
    await db.schema.createIndex('upload_expiry').on('upload').columns(['expires_at']).execute()
  },
}
