import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Who was answered by which release: the counts of each start of a gateway, as it last told them. And the releases of a model, and the newest moves of a project, by index. */
export const modelUse: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('deployment_caller')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('deployment', 'text', (c) => c.notNull())
      .addColumn('release_id', 'text', (c) => c.notNull())
      .addColumn('principal', 'text', (c) => c.notNull())
      .addColumn('gateway', 'text', (c) => c.notNull())
      .addColumn('requests', 'bigint', (c) => c.notNull())
      .addColumn('predictions', 'bigint', (c) => c.notNull())
      .addColumn('first_at', 'bigint', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('deployment_caller_pk', [
        'project_id',
        'deployment',
        'release_id',
        'principal',
        'gateway',
      ])
      .execute()
    const model =
      db.getExecutor().adapter instanceof PostgresAdapter
        ? sql`((manifest::jsonb) ->> 'model')`
        : sql`(json_extract(manifest, '$.model'))`
    await sql`create index release_by_model on "release" (project_id, ${model})`.execute(db)
    await db.schema
      .createIndex('deployment_activation_by_release')
      .on('deployment_activation')
      .columns(['project_id', 'release_id'])
      .execute()
    await db.schema
      .createIndex('deployment_activation_by_time')
      .on('deployment_activation')
      .columns(['project_id', 'at'])
      .execute()
  },
}
