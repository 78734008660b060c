import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What an erasure looked at and left, and by what a restore finds the names of the person again. */
export const erasedTexts: Migration = {
  async up(db: Kysely<any>) {
    for (const column of ['sealed_names', 'marks', 'looked', 'left_over'])
      await db.schema.alterTable('erasure').addColumn(column, 'text').execute()
  },
}
