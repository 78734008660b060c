import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const evaluation: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('evaluation')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('dataset', 'text', (c) => c.notNull())
      .addColumn('dataset_version', 'integer', (c) => c.notNull())
      .addColumn('rows_digest', 'text', (c) => c.notNull())
      .addColumn('scores_digest', 'text', (c) => c.notNull())
      .addColumn('model_digest', 'text', (c) => c.notNull())
      .addColumn('trained_on', 'text')
      .addColumn('result', 'text', (c) => c.notNull())
      .addColumn('pipeline_run', 'text')
      .addColumn('step', 'text')
      .addColumn('as_of', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('evaluation_pk', ['project_id', 'id'])
      .addUniqueConstraint('evaluation_digest', ['project_id', 'digest'])
      .execute()
    await db.schema
      .createIndex('evaluation_by_dataset')
      .on('evaluation')
      .columns(['project_id', 'dataset', 'id'])
      .execute()
    await db.schema
      .createIndex('evaluation_by_model_file')
      .on('evaluation')
      .columns(['project_id', 'model_digest'])
      .execute()
    await db.schema
      .createTable('evaluation_model')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('evaluation_id', 'text', (c) => c.notNull())
      .addColumn('role', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('evaluation_model_pk', ['project_id', 'model', 'evaluation_id', 'role'])
      .execute()
  },
}
