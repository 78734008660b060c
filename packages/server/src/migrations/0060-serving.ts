import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const serving: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('deployment')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('current_release', 'text', (c) => c.notNull())
      .addColumn('latest_number', 'integer', (c) => c.notNull())
      .addColumn('latest_seq', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addColumn('retired_at', 'bigint')
      .addPrimaryKeyConstraint('deployment_pk', ['project_id', 'name'])
      .execute()
    await db.schema
      .createTable('release')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('deployment', 'text', (c) => c.notNull())
      .addColumn('number', 'integer', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('manifest', 'text', (c) => c.notNull())
      .addColumn('views', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('release_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('release_number')
      .on('release')
      .columns(['project_id', 'deployment', 'number'])
      .unique()
      .execute()
    await db.schema
      .createTable('deployment_activation')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('deployment', 'text', (c) => c.notNull())
      .addColumn('seq', 'integer', (c) => c.notNull())
      .addColumn('release_id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('event_time', 'bigint', (c) => c.notNull())
      .addColumn('by_id', 'text', (c) => c.notNull())
      .addColumn('reason', 'text')
      .addPrimaryKeyConstraint('deployment_activation_pk', ['project_id', 'deployment', 'seq'])
      .execute()
  },
}
