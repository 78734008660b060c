import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Saved views of runs keep the charts and panels of the page; null in those of an older program. */
export const runViewLayout: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('run_view').addColumn('layout', 'text').execute()
  },
}
