import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Rounds in which all content is read and compared with its digest. */
export const storageScrub: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('storage_scrub')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('by_id', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .addColumn('error', 'text')
      .addColumn('share', 'integer', (c) => c.notNull())
      .addColumn('contents', 'bigint', (c) => c.notNull())
      .addColumn('bytes', 'bigint', (c) => c.notNull())
      .addColumn('damaged', 'bigint', (c) => c.notNull())
      .execute()
  },
}
