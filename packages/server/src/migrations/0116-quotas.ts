import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const quotas: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('quota')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('amount', 'bigint', (c) => c.notNull())
      .addColumn('set_by', 'text', (c) => c.notNull())
      .addColumn('set_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('quota_pk', ['project_id', 'name'])
      .execute()
    await db.schema
      .createTable('quota_use')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('principal_id', 'text', (c) => c.notNull())
      .addColumn('period', 'bigint', (c) => c.notNull())
      .addColumn('amount', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('quota_use_pk', ['project_id', 'name', 'principal_id', 'period'])
      .execute()
    await db.schema.createIndex('quota_use_period').on('quota_use').column('period').execute()
  },
}
