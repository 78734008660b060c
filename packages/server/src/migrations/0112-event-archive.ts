import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Where the events of past months lie that were moved out of the table. */
export const eventArchive: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('event_archive')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('first_batch', 'bigint', (c) => c.notNull())
      .addColumn('last_batch', 'bigint', (c) => c.notNull())
      .addColumn('month', 'text', (c) => c.notNull())
      .addColumn('first_seq', 'bigint', (c) => c.notNull())
      .addColumn('last_seq', 'bigint', (c) => c.notNull())
      .addColumn('first_at', 'bigint', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addColumn('events', 'bigint', (c) => c.notNull())
      .addColumn('blob', 'text', (c) => c.notNull())
      .addColumn('bytes', 'bigint', (c) => c.notNull())
      .addColumn('archived_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('event_archive_pk', ['project_id', 'first_batch'])
      .execute()
  },
}
