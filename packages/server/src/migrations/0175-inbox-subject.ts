import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Items of the inbox by what they are about: all requests for approval of a version are read together. */
export const inboxSubject: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.createIndex('inbox_item_subject').on('inbox_item').columns(['project_id', 'subject']).execute()
  },
}
