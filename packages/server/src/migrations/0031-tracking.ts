import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

export const tracking: Migration = {
  async up(db: Kysely<any>) {
    const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
    // Rows of these tables are read by ranges of their key: on SQLite the key is the table, which halves its size and its writes.
    const clustered = <T extends string, C extends string>(table: CreateTableBuilder<T, C>) =>
      isSqlite ? table.modifyEnd(sql`without rowid`) : table

    await db.schema
      .createTable('experiment')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('number', 'bigint', required)
      .addColumn('name', 'text', required)
      .addColumn('lifecycle', 'text', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('updated_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addPrimaryKeyConstraint('experiment_pk', ['project_id', 'id'])
      .addUniqueConstraint('experiment_name', ['project_id', 'name'])
      .addUniqueConstraint('experiment_number', ['project_id', 'number'])
      .execute()
    await clustered(
      db.schema
        .createTable('experiment_tag')
        .addColumn('project_id', 'text', required)
        .addColumn('experiment_id', 'text', required)
        .addColumn('key', 'text', required)
        .addColumn('value', 'text', required)
        .addPrimaryKeyConstraint('experiment_tag_pk', ['project_id', 'experiment_id', 'key']),
    ).execute()

    await db.schema
      .createTable('run')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('user_id', 'text', required)
      .addColumn('status', 'text', required)
      .addColumn('lifecycle', 'text', required)
      .addColumn('start_time', 'bigint')
      .addColumn('end_time', 'bigint')
      .addColumn('deleted_at', 'bigint')
      .addColumn('created_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addColumn('parent_id', 'text')
      .addColumn('pipeline_run', 'text')
      .addPrimaryKeyConstraint('run_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('run_by_start')
      .on('run')
      .columns(['project_id', 'experiment_id', 'lifecycle', 'start_time', 'id'])
      .execute()
    await db.schema
      .createIndex('run_by_parent')
      .on('run')
      .columns(['project_id', 'parent_id'])
      .where(sql.ref('parent_id'), 'is not', null)
      .execute()
    for (const kind of ['param', 'tag']) {
      await clustered(
        db.schema
          .createTable(`run_${kind}`)
          .addColumn('project_id', 'text', required)
          .addColumn('run_id', 'text', required)
          .addColumn('key', 'text', required)
          .addColumn('value', 'text', required)
          .addPrimaryKeyConstraint(`run_${kind}_pk`, ['project_id', 'run_id', 'key']),
      ).execute()
    }

    if (!isSqlite) await sql`create sequence run_metric_series`.execute(db)
    await clustered(
      db.schema
        .createTable('run_metric')
        .addColumn('project_id', 'text', required)
        .addColumn('run_id', 'text', required)
        .addColumn('key', 'text', required)
        .addColumn('series_id', 'bigint', required)
        .addColumn('last_value', sql`double precision`, required)
        .addColumn('last_is_nan', 'integer', required)
        .addColumn('last_text', 'text', required)
        .addColumn('last_step', 'bigint', required)
        .addColumn('last_timestamp', 'bigint', required)
        .addColumn('min_value', sql`double precision`)
        .addColumn('max_value', sql`double precision`)
        .addColumn('count', 'bigint', required)
        .addColumn('nan_count', 'bigint', required)
        .addPrimaryKeyConstraint('run_metric_pk', ['project_id', 'run_id', 'key']),
    ).execute()
    await db.schema.createIndex('run_metric_series_id').unique().on('run_metric').column('series_id').execute()
    await clustered(
      db.schema
        .createTable('run_metric_point')
        .addColumn('series_id', 'bigint', required)
        .addColumn('step', 'bigint', required)
        .addColumn('timestamp', 'bigint', required)
        .addColumn('value', sql`double precision`, required)
        .addColumn('is_nan', 'integer', required)
        .addPrimaryKeyConstraint('run_metric_point_pk', ['series_id', 'step', 'timestamp', 'value', 'is_nan']),
    ).execute()

    await db.schema
      .createTable('run_dataset')
      .addColumn('project_id', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('digest', 'text', required)
      .addColumn('source_type', 'text', required)
      .addColumn('source', 'text', required)
      .addColumn('schema', 'text')
      .addColumn('profile', 'text')
      .addPrimaryKeyConstraint('run_dataset_pk', ['project_id', 'experiment_id', 'name', 'digest'])
      .execute()
    await db.schema
      .createTable('run_input')
      .addColumn('project_id', 'text', required)
      .addColumn('run_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('digest', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addColumn('context', 'text')
      .addColumn('tags', 'text', required)
      .addColumn('urn', 'text')
      .addPrimaryKeyConstraint('run_input_pk', ['project_id', 'run_id', 'name', 'digest'])
      .execute()
    await db.schema
      .createTable('run_model')
      .addColumn('project_id', 'text', required)
      .addColumn('run_id', 'text', required)
      .addColumn('direction', 'text', required)
      .addColumn('model_id', 'text', required)
      .addColumn('step', 'bigint', required)
      .addPrimaryKeyConstraint('run_model_pk', ['project_id', 'run_id', 'direction', 'model_id'])
      .execute()

    await db.schema
      .createTable('logged_model')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('status', 'text', required)
      .addColumn('model_type', 'text', required)
      .addColumn('source_run_id', 'text')
      .addColumn('lifecycle', 'text', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('updated_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addPrimaryKeyConstraint('logged_model_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('logged_model_by_experiment')
      .on('logged_model')
      .columns(['project_id', 'experiment_id', 'created_at'])
      .execute()
    await db.schema
      .createIndex('logged_model_by_run')
      .on('logged_model')
      .columns(['project_id', 'source_run_id'])
      .execute()
    for (const kind of ['param', 'tag']) {
      await db.schema
        .createTable(`logged_model_${kind}`)
        .addColumn('project_id', 'text', required)
        .addColumn('model_id', 'text', required)
        .addColumn('key', 'text', required)
        .addColumn('value', 'text', required)
        .addPrimaryKeyConstraint(`logged_model_${kind}_pk`, ['project_id', 'model_id', 'key'])
        .execute()
    }
    await db.schema
      .createTable('logged_model_metric')
      .addColumn('project_id', 'text', required)
      .addColumn('model_id', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('run_id', 'text', required)
      .addColumn('dataset_name', 'text', required)
      .addColumn('dataset_digest', 'text', required)
      .addColumn('value', sql`double precision`, required)
      .addColumn('is_nan', 'integer', required)
      .addColumn('step', 'bigint', required)
      .addColumn('timestamp', 'bigint', required)
      .addPrimaryKeyConstraint('logged_model_metric_pk', [
        'project_id',
        'model_id',
        'key',
        'run_id',
        'dataset_name',
        'dataset_digest',
      ])
      .execute()

    await clustered(
      db.schema
        .createTable('artifact_file')
        .addColumn('project_id', 'text', required)
        .addColumn('owner', 'text', required)
        .addColumn('path', 'text', required)
        .addColumn('digest', 'text', required)
        .addColumn('size', 'bigint', required)
        .addColumn('created_at', 'bigint', required)
        .addPrimaryKeyConstraint('artifact_file_pk', ['project_id', 'owner', 'path']),
    ).execute()
  },
}
