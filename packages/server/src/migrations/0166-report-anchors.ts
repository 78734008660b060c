import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What a comment of a report is about: JSON with the words and what stood around them, or the text of a panel; null where it is about the whole. */
export const reportAnchors: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('report_comment').addColumn('anchor', 'text').execute()
  },
}
