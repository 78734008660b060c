import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What the delay of labels disrupted when it was looked at last. */
export const labelDelay: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('monitor').addColumn('label_delay', 'text').execute()
  },
}
