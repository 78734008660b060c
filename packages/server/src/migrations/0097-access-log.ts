import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const accessLog: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('access_log')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('what', 'text', (c) => c.notNull())
      .addColumn('status', 'integer', (c) => c.notNull())
      .addColumn('method', 'text', (c) => c.notNull())
      .addColumn('route', 'text', (c) => c.notNull())
      .addColumn('path', 'text', (c) => c.notNull())
      .addColumn('principal_id', 'text')
      .addColumn('permission', 'text')
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('request_id', 'text', (c) => c.notNull())
      .addColumn('count', 'integer', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('access_log_project').on('access_log').columns(['project_id', 'id']).execute()
    await db.schema.createIndex('access_log_at').on('access_log').column('at').execute()
  },
}
