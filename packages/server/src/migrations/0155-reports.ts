import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Reports with their versions and comments, and which things they name. */
export const reports: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('report')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('title', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by_name', 'text', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_by_name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('report_pk', ['project_id', 'id'])
      .execute()
    await db.schema.createIndex('report_by_change').on('report').columns(['project_id', 'updated_at', 'id']).execute()
    await db.schema
      .createTable('report_version')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('report_id', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('title', 'text', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('restored', 'integer')
      .addColumn('saved_at', 'bigint', (c) => c.notNull())
      .addColumn('saved_by', 'text', (c) => c.notNull())
      .addColumn('saved_by_name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('report_version_pk', ['project_id', 'report_id', 'version'])
      .execute()
    await db.schema
      .createTable('report_mention')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('thing', 'text', (c) => c.notNull())
      .addColumn('report_id', 'text', (c) => c.notNull())
      .addColumn('version', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('report_mention_pk', ['project_id', 'thing', 'report_id', 'version'])
      .execute()
    await db.schema
      .createIndex('report_mention_by_report')
      .on('report_mention')
      .columns(['project_id', 'report_id'])
      .execute()
    await db.schema
      .createTable('report_comment')
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('report_id', 'text', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('said_at', 'bigint', (c) => c.notNull())
      .addColumn('said_by', 'text', (c) => c.notNull())
      .addColumn('said_by_name', 'text', (c) => c.notNull())
      .addColumn('resolved_at', 'bigint')
      .addColumn('resolved_by_name', 'text')
      .addPrimaryKeyConstraint('report_comment_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('report_comment_by_report')
      .on('report_comment')
      .columns(['project_id', 'report_id', 'said_at'])
      .execute()
  },
}
