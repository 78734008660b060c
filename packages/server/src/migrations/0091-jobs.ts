import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const jobs: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('job').addColumn('again', 'text').execute()
    await db.schema
      .createTable('done_act')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('result', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('done_act_pk', ['project_id', 'key'])
      .execute()
  },
}
