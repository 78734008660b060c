import type { ColumnDefinitionBuilder, Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

/** Evaluation datasets of MLflow, with their records. */
export const evaluationSets: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('evaluation_set')
      .addColumn('project_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('digest', 'text', required)
      .addColumn('schema', 'text')
      .addColumn('profile', 'text')
      .addColumn('created_at', 'bigint', required)
      .addColumn('updated_at', 'bigint', required)
      .addColumn('created_by', 'text')
      .addColumn('updated_by', 'text')
      .addPrimaryKeyConstraint('evaluation_set_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createTable('evaluation_set_tag')
      .addColumn('project_id', 'text', required)
      .addColumn('set_id', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('value', 'text', required)
      .addPrimaryKeyConstraint('evaluation_set_tag_pk', ['project_id', 'set_id', 'key'])
      .execute()
    await db.schema
      .createTable('evaluation_set_experiment')
      .addColumn('project_id', 'text', required)
      .addColumn('set_id', 'text', required)
      .addColumn('experiment_id', 'text', required)
      .addPrimaryKeyConstraint('evaluation_set_experiment_pk', ['project_id', 'set_id', 'experiment_id'])
      .execute()
    await db.schema
      .createIndex('evaluation_set_by_experiment')
      .on('evaluation_set_experiment')
      .columns(['project_id', 'experiment_id'])
      .execute()
    await db.schema
      .createTable('evaluation_set_record')
      .addColumn('project_id', 'text', required)
      .addColumn('set_id', 'text', required)
      .addColumn('id', 'text', required)
      .addColumn('input_hash', 'text', required)
      .addColumn('inputs', 'text', required)
      .addColumn('outputs', 'text')
      .addColumn('expectations', 'text')
      .addColumn('tags', 'text')
      .addColumn('source', 'text')
      .addColumn('source_type', 'text', required)
      .addColumn('source_id', 'text')
      .addColumn('created_at', 'bigint', required)
      .addColumn('updated_at', 'bigint', required)
      .addColumn('created_by', 'text')
      .addColumn('updated_by', 'text')
      .addPrimaryKeyConstraint('evaluation_set_record_pk', ['project_id', 'set_id', 'id'])
      .execute()
    await db.schema
      .createIndex('evaluation_set_record_by_inputs')
      .unique()
      .on('evaluation_set_record')
      .columns(['project_id', 'set_id', 'input_hash'])
      .execute()
    await db.schema
      .createIndex('evaluation_set_record_by_time')
      .on('evaluation_set_record')
      .columns(['project_id', 'set_id', 'created_at', 'id'])
      .execute()
  },
}
