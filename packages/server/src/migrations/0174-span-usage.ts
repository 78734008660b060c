import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Tokens that a span says it used, as JSON, so that a trace is counted without reading the whole of its spans; null where it says nothing. */
export const spanUsage: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('trace_span').addColumn('usage', 'text').execute()
  },
}
