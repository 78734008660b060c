import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** How far the lines of code of an experiment diverge, as somebody measured it in their repository. */
export const codeForks: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('code_fork')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('experiment_id', 'text', (c) => c.notNull())
      .addColumn('content', 'text', (c) => c.notNull())
      .addColumn('recorded_at', 'bigint', (c) => c.notNull())
      .addColumn('recorded_by', 'text', (c) => c.notNull())
      .addColumn('recorded_by_name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('code_fork_pk', ['project_id', 'experiment_id'])
      .execute()
  },
}
