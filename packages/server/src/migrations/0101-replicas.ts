import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const replicas: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('replica')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('host', 'text', (c) => c.notNull())
      .addColumn('pid', 'integer', (c) => c.notNull())
      .addColumn('roles', 'text', (c) => c.notNull())
      .addColumn('version', 'text', (c) => c.notNull())
      .addColumn('storage', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('seen_at', 'bigint', (c) => c.notNull())
      .addColumn('alive_until', 'bigint', (c) => c.notNull())
      .addColumn('gateway', 'text')
      .addColumn('flush_asked', 'bigint', (c) => c.notNull())
      .addColumn('flush_done', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('lease')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('holder', 'text', (c) => c.notNull())
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('until', 'bigint', (c) => c.notNull())
      .execute()
  },
}
