import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

export const operations: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('alert')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('kind', 'text', required)
      .addColumn('state', 'text', required)
      .addColumn('title', 'text', required)
      .addColumn('monitor', 'text', required)
      .addColumn('about', 'text', required)
      .addColumn('deployment', 'text', required)
      .addColumn('release', 'text')
      .addColumn('model', 'text')
      .addColumn('model_version', 'integer')
      .addColumn('evidence', 'text', required)
      .addColumn('inbox_item', 'text')
      .addColumn('event_time', 'bigint', required)
      .addColumn('opened_at', 'bigint', required)
      .addColumn('acknowledged_at', 'bigint')
      .addColumn('acknowledged_by', 'text')
      .addColumn('note', 'text')
      .addColumn('resolved_at', 'bigint')
      .addColumn('resolved_event_time', 'bigint')
      .addColumn('resolved_reason', 'text')
      .addColumn('resolved_by', 'text')
      .addColumn('useful', 'text')
      .addPrimaryKeyConstraint('alert_pk', ['project_id', 'id'])
      .execute()
    // One open alert for each thing that can go wrong.
    await db.schema
      .createIndex('alert_open')
      .unique()
      .on('alert')
      .columns(['project_id', 'monitor', 'kind', 'about'])
      .where(sql.ref('state'), '!=', 'resolved')
      .execute()
    await db.schema
      .createIndex('alert_same')
      .on('alert')
      .columns(['project_id', 'monitor', 'kind', 'about', 'id'])
      .execute()
    await db.schema
      .createTable('alert_moment')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('alert', 'text', required)
      .addColumn('at', 'bigint', required)
      .addColumn('event_time', 'bigint')
      .addColumn('what', 'text', required)
      .addColumn('detail', 'text', required)
      .addColumn('by', 'text', required)
      .addColumn('urn', 'text')
      .addPrimaryKeyConstraint('alert_moment_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('alert_moment_alert')
      .on('alert_moment')
      .columns(['project_id', 'alert', 'id'])
      .execute()
  },
}
