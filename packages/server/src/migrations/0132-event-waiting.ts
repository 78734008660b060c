import { type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Where events wait for their number; the sequencer moves them into `event`, whose indices so take each of them once. */
export const eventWaiting: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('event_waiting')
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('schema_version', 'integer', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('event_time', 'bigint')
      .addColumn('by', 'text', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('refs', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('xid', 'bigint', (c) => c.notNull())
      .execute()
    if (db.getExecutor().adapter instanceof SqliteAdapter) return
    await db.schema.createIndex('event_waiting_xid').on('event_waiting').column('xid').execute()
    // Each row lives for some milliseconds: what they leave is swept often, and the file is not cut, for which nobody could write meanwhile.
    await sql`alter table event_waiting set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
      autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000000,
      vacuum_truncate = false)`.execute(db)
  },
}
