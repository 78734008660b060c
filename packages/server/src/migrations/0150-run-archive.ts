import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Since when a run is in the archive; null for all others. */
export const runArchive: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('run').addColumn('archived_at', 'bigint').execute()
  },
}
