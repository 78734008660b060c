import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const modelNotes: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('model_version')
      .addColumn('notes', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
  },
}
