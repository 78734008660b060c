import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const pipelineQueue: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('job')
      .addColumn('rank', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema.dropIndex('job_open').execute()
    await db.schema
      .createIndex('job_open')
      .on('job')
      .columns(['kind', 'rank', 'not_before', 'id'])
      .where(sql.ref('state'), 'in', ['queued', 'running'])
      .execute()
    await db.schema
      .alterTable('pipeline_run')
      .addColumn('priority', 'integer', (c) => c.notNull().defaultTo(5))
      .execute()
    await db.schema
      .alterTable('pipeline_trigger')
      .addColumn('pending_rows', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema.alterTable('pipeline_trigger').addColumn('deferred', 'text').execute()
    await db.schema
      .alterTable('pipeline_trigger')
      .addColumn('used_data', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
  },
}
