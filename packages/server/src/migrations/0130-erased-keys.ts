import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const erasedKeys: Migration = {
  async up(db: Kysely<any>) {
    // Every server looks for keys that were destroyed elsewhere; there are few among many.
    await db.schema
      .createIndex('subject_key_erased')
      .on('subject_key')
      .column('erased_at')
      .where('erased_at', 'is not', null)
      .execute()
  },
}
