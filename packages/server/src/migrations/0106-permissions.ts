import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const permissions: Migration = {
  async up(db: Kysely<any>) {
    // `place` is a project, or `*` for a role that every project has. Roles of the program are in no table.
    await db.schema
      .createTable('custom_role')
      .addColumn('place', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('permissions', 'text', (c) => c.notNull())
      .addColumn('changed_at', 'bigint', (c) => c.notNull())
      .addColumn('changed_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('custom_role_pk', ['place', 'name'])
      .execute()
    await db.schema
      .createTable('access_group')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('access_group_member')
      .addColumn('group_name', 'text', (c) => c.notNull().references('access_group.name').onDelete('cascade'))
      .addColumn('principal_id', 'text', (c) => c.notNull().references('principal.id').onDelete('cascade'))
      // Empty: somebody put him there; otherwise the identity provider that says so.
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('access_group_member_pk', ['group_name', 'principal_id', 'source'])
      .execute()
    await db.schema
      .createIndex('access_group_member_principal')
      .on('access_group_member')
      .column('principal_id')
      .execute()
    // Roles of groups, and custom roles of people. Roles of the program that people hold stay in `membership`, where the program before this one looks for them.
    await db.schema
      .createTable('role_grant')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('holder', 'text', (c) => c.notNull())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('role_grant_pk', ['project_id', 'kind', 'holder', 'role'])
      .execute()
    await db.schema.createIndex('role_grant_holder').on('role_grant').columns(['kind', 'holder']).execute()
    await db.schema
      .createTable('separation_rule')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('first', 'text', (c) => c.notNull())
      .addColumn('second', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('separation_rule_pk', ['project_id', 'first', 'second'])
      .execute()
    await db.schema
      .createTable('break_glass')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('principal_id', 'text', (c) => c.notNull().references('principal.id').onDelete('cascade'))
      .addColumn('reason', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('ends_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('ended_by', 'text')
      .execute()
    await db.schema.createIndex('break_glass_project').on('break_glass').columns(['project_id', 'started_at']).execute()
    await db.schema
      .createIndex('break_glass_principal')
      .on('break_glass')
      .columns(['principal_id', 'ends_at'])
      .execute()
    await db.schema.alterTable('token').addColumn('rotated_to', 'text').execute()
    // Columns that are personal, by what declares them: `dataset:NAME`, `feature-view:NAME`.
    await db.schema
      .createTable('personal_column')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('declared_by', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('personal_column_pk', ['project_id', 'declared_by', 'name'])
      .execute()
  },
}
