import type { ColumnDefinitionBuilder, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()
const ofProject = (c: ColumnDefinitionBuilder) => c.notNull().references('project.id').onDelete('cascade')

/** Histograms of runs: a row a key, and one a point. */
export const runHistograms: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('run_histogram')
      .addColumn('project_id', 'text', ofProject)
      .addColumn('run_id', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('series', 'text', required)
      .addColumn('points', 'integer', required)
      .addColumn('size', 'bigint', required)
      .addColumn('first_step', 'bigint', required)
      .addColumn('last_step', 'bigint', required)
      .addColumn('timestamp', 'bigint', required)
      .addColumn('low', sql`double precision`)
      .addColumn('high', sql`double precision`)
      .addPrimaryKeyConstraint('run_histogram_pk', ['project_id', 'run_id', 'key'])
      .execute()
    await db.schema
      .createTable('run_histogram_point')
      .addColumn('project_id', 'text', ofProject)
      .addColumn('series', 'text', required)
      .addColumn('step', 'bigint', required)
      .addColumn('timestamp', 'bigint', required)
      .addColumn('digest', 'text', required)
      .addColumn('content', 'text', required)
      .addPrimaryKeyConstraint('run_histogram_point_pk', ['project_id', 'series', 'step', 'timestamp', 'digest'])
      .execute()
    await db.schema
      .createTable('removed_histogram')
      .addColumn('project_id', 'text', ofProject)
      .addColumn('series', 'text', required)
      .addPrimaryKeyConstraint('removed_histogram_pk', ['project_id', 'series'])
      .execute()
  },
}
