import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** What runs wrote to their consoles, in stretches of lines. */
export const runConsole: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('run_console')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('run_id', 'text', (c) => c.notNull())
      .addColumn('first', 'bigint', (c) => c.notNull())
      .addColumn('lines', 'integer', (c) => c.notNull())
      .addColumn('size', 'integer', (c) => c.notNull())
      .addColumn('size_before', 'integer', (c) => c.notNull())
      .addColumn('is_full', 'integer', (c) => c.notNull())
      .addColumn('content', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('run_console_pk', ['project_id', 'run_id', 'first'])
      .execute()
  },
}
