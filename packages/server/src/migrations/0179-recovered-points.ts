import type { ColumnDefinitionBuilder, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

/** Which points of metrics were computed from a checkpoint after the run. */
export const recoveredPoints: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('run_recovered_point')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('run_id', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('step', 'bigint', required)
      .addColumn('value', sql`double precision`, required)
      .addColumn('is_nan', 'integer', required)
      .addColumn('checkpoint', 'text', required)
      .addColumn('recovered_at', 'bigint', required)
      .addColumn('recovered_by', 'text', required)
      .addPrimaryKeyConstraint('run_recovered_point_pk', ['project_id', 'run_id', 'key', 'step'])
      .execute()
  },
}
