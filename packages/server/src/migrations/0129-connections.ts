import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const connections: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('egress_allowance')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('connection', 'text', (c) => c.notNull())
      .addColumn('entry', 'text', (c) => c.notNull())
      .addColumn('reason', 'text', (c) => c.notNull())
      .addColumn('allowed_by', 'text', (c) => c.notNull())
      .addColumn('allowed_at', 'bigint', (c) => c.notNull())
      .addUniqueConstraint('egress_allowance_entry', ['connection', 'entry'])
      .execute()
    await db.schema
      .createTable('connection_use')
      .addColumn('connection', 'text', (c) => c.primaryKey())
      .addColumn('succeeded_at', 'bigint')
      .addColumn('failed_at', 'bigint')
      .addColumn('failure', 'text')
      .addColumn('address', 'text')
      .addColumn('tls', 'text')
      .execute()
  },
}
