import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

export const webhooks: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('webhook')
      .addColumn('project_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('url', 'text', required)
      .addColumn('events', 'text', required)
      .addColumn('secret', 'text', required)
      .addColumn('active', 'integer', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addPrimaryKeyConstraint('webhook_pk', ['project_id', 'name'])
      .execute()
    await db.schema
      .createTable('webhook_delivery')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', required)
      .addColumn('webhook', 'text', required)
      .addColumn('event', 'text', required)
      .addColumn('seq', 'bigint')
      .addColumn('subject', 'text', required)
      .addColumn('body', 'text', required)
      .addColumn('state', 'text', required)
      .addColumn('attempts', 'integer', required)
      .addColumn('status', 'integer')
      .addColumn('error', 'text')
      .addColumn('created_at', 'bigint', required)
      .addColumn('ended_at', 'bigint')
      .addColumn('next_at', 'bigint')
      .execute()
    // An event is queued once for each receiver, however often its batch is worked on.
    await db.schema
      .createIndex('webhook_delivery_once')
      .unique()
      .on('webhook_delivery')
      .columns(['project_id', 'webhook', 'seq'])
      .where(sql.ref('seq'), 'is not', null)
      .execute()
    await db.schema
      .createIndex('webhook_delivery_state')
      .on('webhook_delivery')
      .columns(['project_id', 'webhook', 'state', 'id'])
      .execute()
  },
}
