import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** The last word of a parity test of a version with its original. */
export const modelParity: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('model_version').addColumn('parity', 'text').execute()
    await db.schema.alterTable('model_version').addColumn('parity_reason', 'text').execute()
  },
}
