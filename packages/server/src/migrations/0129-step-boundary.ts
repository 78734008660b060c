import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What contained an attempt, as JSON; null where no code of people ran, and for attempts of earlier programs. */
export const stepBoundary: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('pipeline_attempt').addColumn('boundary', 'text').execute()
  },
}
