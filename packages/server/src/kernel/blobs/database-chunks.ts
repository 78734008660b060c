import type { Database } from '../db/index.ts'
import type { ChunkIndex } from './chunk-digests.ts'

declare module '../db/database.ts' {
  interface Tables {
    /** `digests`: Base64 of 32 bytes for each piece. */
    blob_chunks: { project_id: string; digest: string; size: number; chunk_size: number; digests: string }
  }
}

const mostKnown = 500

/** Digests of pieces in the database, which no writer of the object store can change. Content is immutable and so are they; the last used stay in memory. */
export function createDatabaseChunks(db: Database): ChunkIndex {
  const known = new Map<string, Awaited<ReturnType<ChunkIndex['find']>>>()
  const keyOf = (project: string, digest: string): string => `${project}/${digest}`
  const remember: ChunkIndex['save'] = async (project, digest, chunks) => {
    if (known.size >= mostKnown) for (const key of [...known.keys()].slice(0, mostKnown / 5)) known.delete(key)
    known.set(keyOf(project, digest), chunks)
  }
  return {
    find: async (project, digest) => {
      const there = known.get(keyOf(project, digest))
      if (there) return there
      const row = await db.read
        .selectFrom('blob_chunks')
        .selectAll()
        .where('project_id', '=', project)
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (!row) return undefined
      const chunks = { size: row.size, chunkSize: row.chunk_size, digests: Buffer.from(row.digests, 'base64') }
      await remember(project, digest, chunks)
      return chunks
    },
    save: async (project, digest, chunks) => {
      const row = { size: chunks.size, chunk_size: chunks.chunkSize, digests: chunks.digests.toString('base64') }
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('blob_chunks')
          .values({ project_id: project, digest, ...row })
          .onConflict((c) => c.columns(['project_id', 'digest']).doUpdateSet(row))
          .execute(),
      )
      await remember(project, digest, chunks)
    },
    drop: async (project, digest) => {
      known.delete(keyOf(project, digest))
      await db.write
        .transaction()
        .execute((trx) =>
          trx.deleteFrom('blob_chunks').where('project_id', '=', project).where('digest', '=', digest).execute(),
        )
    },
  }
}
