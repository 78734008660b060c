import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const features: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('feature_view')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('definition', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('feature_view_pk', ['project_id', 'name', 'version'])
      .execute()
  },
}
