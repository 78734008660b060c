import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const inboxAssignee: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('inbox_item').addColumn('assignee', 'text').execute()
    await db.schema
      .alterTable('inbox_item')
      .addColumn('when_late', 'text', (c) => c.notNull().defaultTo('wait'))
      .execute()
    await db.schema.alterTable('inbox_item').addColumn('overdue_at', 'bigint').execute()
  },
}
