import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const modelStrategy: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('model')
      .addColumn('productive', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema.alterTable('model').addColumn('retraining', 'text').execute()
    await db.schema
      .createTable('model_strategy')
      .addColumn('project_id', 'text', (c) => c.primaryKey())
      .addColumn('strategy', 'text', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_by', 'text', (c) => c.notNull())
      .execute()
  },
}
