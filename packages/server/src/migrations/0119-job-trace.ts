import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** The span in which a job was queued, as `traceparent` writes it; null while tracing is off. */
export const jobTrace: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('job').addColumn('traceparent', 'text').execute()
  },
}
