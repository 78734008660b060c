import type { ColumnDefinitionBuilder, Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

const required = (c: ColumnDefinitionBuilder) => c.notNull()

export const secrets: Migration = {
  async up(db: Kysely<any>) {
    // Secrets of the instance stand under the project `*`, which is no name of a project.
    await db.schema
      .createTable('secret')
      .addColumn('project_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('description', 'text', required)
      .addColumn('version', 'integer', required)
      .addColumn('created_at', 'bigint', required)
      .addColumn('created_by', 'text', required)
      .addPrimaryKeyConstraint('secret_pk', ['project_id', 'name'])
      .execute()
    await db.schema
      .createTable('secret_version')
      .addColumn('project_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('version', 'integer', required)
      .addColumn('id', 'text', required)
      .addColumn('sealed', 'text')
      .addColumn('set_at', 'bigint', required)
      .addColumn('set_by', 'text', required)
      .addColumn('valid_until', 'bigint')
      .addPrimaryKeyConstraint('secret_version_pk', ['project_id', 'name', 'version'])
      .execute()
    await db.schema
      .createTable('secret_share')
      .addColumn('project_id', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('shared_at', 'bigint', required)
      .addColumn('shared_by', 'text', required)
      .addPrimaryKeyConstraint('secret_share_pk', ['project_id', 'name'])
      .execute()
    await db.schema
      .createTable('secret_use')
      .addColumn('project_id', 'text', required)
      .addColumn('owner', 'text', required)
      .addColumn('name', 'text', required)
      .addColumn('version', 'integer', required)
      .addColumn('used_at', 'bigint', required)
      .addColumn('used_by', 'text', required)
      .addColumn('run_id', 'text', required)
      .addColumn('pipeline', 'text', required)
      .addColumn('step', 'text', required)
      .addPrimaryKeyConstraint('secret_use_pk', ['project_id', 'owner', 'name'])
      .execute()
  },
}
