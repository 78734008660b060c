import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const modelProvenance: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('model_signing_key')
      .addColumn('key_id', 'text', (c) => c.primaryKey())
      .addColumn('public_key', 'text', (c) => c.notNull())
      .addColumn('added_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('model_signature')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('bundle', 'text', (c) => c.notNull())
      .addColumn('signed_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('model_signature_pk', ['project_id', 'model', 'version'])
      .execute()
    await db.schema.alterTable('model_version').addColumn('pickles', 'text').execute()
    await db.schema
      .alterTable('model_alias')
      .addColumn('reason', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
  },
}
