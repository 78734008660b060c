import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Digests of the pieces of large content, so that a part of it is checked without reading the whole. Content without a row is checked whole. */
export const blobChunks: Migration = {
  async up(db: Kysely<any>) {
    await db.schema
      .createTable('blob_chunks')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('size', 'bigint', (c) => c.notNull())
      .addColumn('chunk_size', 'integer', (c) => c.notNull())
      .addColumn('digests', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('blob_chunks_pk', ['project_id', 'digest'])
      .execute()
  },
}
