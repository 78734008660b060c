import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Places outside of the instance where projects keep content, and what lies there. Content without a row is in the instance's own store. */
export const contentPlaces: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('content_place')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('username', 'text')
      .addColumn('sealed', 'text')
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('set_at', 'bigint', (c) => c.notNull())
      .addColumn('set_by', 'text', (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('content_place_by_address')
      .on('content_place')
      .columns(['project_id', 'kind', 'address'])
      .unique()
      .execute()
    await db.schema
      .createTable('placed_content')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('size', 'bigint', (c) => c.notNull())
      .addColumn('place_id', 'text', (c) => c.notNull())
      .addColumn('place_key', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('damaged', 'integer', (c) => c.notNull())
      .addColumn('aside_at', 'bigint')
      .addColumn('aside_key', 'text')
      .addColumn('removing', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('placed_content_pk', ['project_id', 'digest'])
      .execute()
    await db.schema.createIndex('placed_content_aside').on('placed_content').column('aside_at').execute()
  },
}
