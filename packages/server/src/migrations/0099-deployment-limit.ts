import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const deploymentLimit: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('deployment').addColumn('requests_per_minute', 'integer').execute()
  },
}
