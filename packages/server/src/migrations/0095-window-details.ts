import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What was looked at in a window beside the rules of its monitor. */
export const windowDetails: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('monitor_window').addColumn('details', 'text').execute()
  },
}
