import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

export const traces: Migration = {
  async up(db: Kysely<any>) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
    const clustered = <T extends string, C extends string>(table: CreateTableBuilder<T, C>) =>
      isSqlite ? table.modifyEnd(sql`without rowid`) : table

    await db.schema
      .createTable('trace')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addColumn('started_at', 'bigint', required)
      .addColumn('duration_ms', 'bigint')
      .addColumn('state', 'text', required)
      .addColumn('client_request_id', 'text')
      .addColumn('request_preview', 'text')
      .addColumn('response_preview', 'text')
      .addColumn('root_name', 'text')
      .addColumn('finalized', 'integer', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addPrimaryKeyConstraint('trace_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('trace_by_start')
      .on('trace')
      .columns(['project_id', 'experiment_id', 'started_at', 'id'])
      .execute()
    for (const kind of ['tag', 'metadata']) {
      await clustered(
        db.schema
          .createTable(`trace_${kind}`)
          .addColumn('project_id', 'text', required)
          .addColumn('trace_id', 'text', required)
          .addColumn('key', 'text', required)
          .addColumn('value', 'text', required)
          .addPrimaryKeyConstraint(`trace_${kind}_pk`, ['project_id', 'trace_id', 'key']),
      ).execute()
    }
    await clustered(
      db.schema
        .createTable('trace_run')
        .addColumn('project_id', 'text', required)
        .addColumn('run_id', 'text', required)
        .addColumn('trace_id', 'text', required)
        .addPrimaryKeyConstraint('trace_run_pk', ['project_id', 'run_id', 'trace_id']),
    ).execute()
    await db.schema.createIndex('trace_run_by_trace').on('trace_run').columns(['project_id', 'trace_id']).execute()

    await db.schema
      .createTable('trace_span')
      .addColumn('project_id', 'text', required)
      .addColumn('trace_id', 'text', required)
      .addColumn('span_id', 'text', required)
      .addColumn('parent_id', 'text')
      .addColumn('name', 'text', required)
      .addColumn('type', 'text', required)
      .addColumn('status', 'text', required)
      .addColumn('start_us', 'bigint', required)
      .addColumn('end_us', 'bigint')
      .addColumn('content', 'text', required)
      .addColumn('digest', 'text')
      .addColumn('size', 'bigint', required)
      .addPrimaryKeyConstraint('trace_span_pk', ['project_id', 'trace_id', 'span_id'])
      .execute()

    await db.schema
      .createTable('trace_assessment')
      .addColumn('project_id', 'text', required)
      .addColumn('trace_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('kind', 'text', required)
      .addColumn('value', 'text')
      .addColumn('number', sql`double precision`)
      .addColumn('error', 'text')
      .addColumn('source_type', 'text', required)
      .addColumn('source_id', 'text', required)
      .addColumn('span_id', 'text')
      .addColumn('rationale', 'text')
      .addColumn('metadata', 'text', required)
      .addColumn('overrides', 'text')
      .addColumn('valid', 'integer', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('updated_at', 'bigint', required)
      .addPrimaryKeyConstraint('trace_assessment_pk', ['project_id', 'trace_id', 'id'])
      .execute()
  },
}
