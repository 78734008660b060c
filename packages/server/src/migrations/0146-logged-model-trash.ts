import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Since when a logged model is in the trash. Null for what an older program has deleted: then it is since its last change. */
export const loggedModelTrash: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('logged_model').addColumn('deleted_at', 'bigint').execute()
  },
}
