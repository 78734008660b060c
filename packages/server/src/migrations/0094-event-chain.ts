import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const eventChain: Migration = {
  async up(db: Kysely<any>) {
    // How far the numbered events are sealed. 0: the first start seals those that are there.
    await db.schema
      .alterTable('event_head')
      .addColumn('sealed_seq', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('event_batch')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('number', 'bigint', (c) => c.notNull())
      .addColumn('first_seq', 'bigint', (c) => c.notNull())
      .addColumn('last_seq', 'bigint', (c) => c.notNull())
      .addColumn('events', 'integer', (c) => c.notNull())
      .addColumn('previous', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('members', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('event_batch_pk', ['project_id', 'number'])
      .execute()
    await db.schema
      .createTable('event_chain')
      .addColumn('project_id', 'text', (c) => c.primaryKey())
      .addColumn('batches', 'bigint', (c) => c.notNull())
      .addColumn('events', 'bigint', (c) => c.notNull())
      .addColumn('last_seq', 'bigint', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('checkpoint_batch', 'bigint', (c) => c.notNull())
      .addColumn('checkpoint_events', 'bigint', (c) => c.notNull())
      .addColumn('checkpoint_at', 'bigint', (c) => c.notNull())
      .addColumn('verified_at', 'bigint')
      .addColumn('verified_seq', 'bigint')
      .addColumn('verified_problems', 'integer')
      .execute()
    await db.schema
      .createTable('event_checkpoint')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('batch', 'bigint', (c) => c.notNull())
      .addColumn('seq', 'bigint', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('blob', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('event_checkpoint_pk', ['project_id', 'batch'])
      .execute()
    await db.schema
      .createTable('signing_key')
      .addColumn('key_id', 'text', (c) => c.primaryKey())
      .addColumn('public_key', 'text', (c) => c.notNull())
      .addColumn('added_at', 'bigint', (c) => c.notNull())
      .execute()
  },
}
