import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const lineage: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('lineage_node')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('urn', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('version', 'text')
      .addColumn('fact', 'text', (c) => c.notNull())
      .addColumn('search', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint')
      .addPrimaryKeyConstraint('lineage_node_pk', ['project_id', 'urn'])
      .execute()
    await db.schema
      .createIndex('lineage_node_recent')
      .on('lineage_node')
      .columns(['project_id', 'kind', 'at'])
      .execute()
    await db.schema
      .createTable('lineage_edge')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('from_urn', 'text', (c) => c.notNull())
      .addColumn('to_urn', 'text', (c) => c.notNull())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('lineage_edge_pk', ['project_id', 'from_urn', 'to_urn', 'role'])
      .execute()
    await db.schema.createIndex('lineage_edge_to').on('lineage_edge').columns(['project_id', 'to_urn']).execute()
  },
}
