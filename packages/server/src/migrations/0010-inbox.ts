import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const inbox: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('inbox_item')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('title', 'text', (c) => c.notNull())
      .addColumn('summary', 'text', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('refs', 'text', (c) => c.notNull())
      .addColumn('evidence', 'text', (c) => c.notNull())
      .addColumn('options', 'text', (c) => c.notNull())
      .addColumn('permission', 'text', (c) => c.notNull())
      .addColumn('authors', 'text', (c) => c.notNull())
      .addColumn('blocks_event_time', 'integer', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('opened_at', 'bigint', (c) => c.notNull())
      .addColumn('opened_by', 'text', (c) => c.notNull())
      .addColumn('event_time', 'bigint', (c) => c.notNull())
      .addColumn('due_at', 'bigint')
      .addColumn('decision_option', 'text')
      .addColumn('decision_reason', 'text')
      .addColumn('decided_by', 'text')
      .addColumn('decided_at', 'bigint')
      .addPrimaryKeyConstraint('inbox_item_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('inbox_item_open')
      .on('inbox_item')
      .columns(['project_id', 'opened_at'])
      .where(sql.ref('state'), '=', 'open')
      .execute()
    await db.schema.createIndex('inbox_item_done').on('inbox_item').columns(['project_id', 'decided_at']).execute()
  },
}
