import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBlobLocal } from './drivers/blob-local/blob-local.ts'
import { createBlobS3 } from './drivers/blob-s3/blob-s3.ts'

export { removeIncoming } from './drivers/blob-local/blob-local.ts'
import { createBatchScorer } from './drivers/onnx/batch-scorer.ts'
import { createPlaceS3 } from './drivers/blob-s3/place-s3.ts'
import { createPlaceHttp } from './drivers/place-http/place-http.ts'
import { createPlaceOci } from './drivers/place-oci/place-oci.ts'
import { createPlacePostgres } from './drivers/place-postgres/place-postgres.ts'
import { openSqlite } from './drivers/sqlite/open-sqlite.ts'
import { createTableEngine } from './drivers/tables-duckdb/index.ts'
import { type ChunkIndex, createDatabaseChunks, type Damage, noChunkIndex } from './kernel/blobs/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { Database } from './kernel/db/index.ts'
import type { PlaceDrivers } from './kernel/places/index.ts'
import type { BatchScorer, BlobStore, TableEngine } from './kernel/ports/index.ts'

/** What places of projects need of this machine, and the kinds that there are. */
export interface Placing {
  readonly drivers: PlaceDrivers
  readonly copies: { readonly root: string; readonly maxBytes: number }
  readonly chunks: ChunkIndex
  readonly onDamaged: (damage: Damage) => void
}

/** The database that the configuration names. `durable: false` skips the waits for the disk and is for tests. */
export async function openDatabase(config: Config, { durable }: { durable: boolean }): Promise<Database> {
  if (config.databaseUrl) {
    // The client of Postgres holds four megabytes, which a server on SQLite does not need.
    const { openPostgres } = await import('./drivers/postgres/open-postgres.ts')
    return openPostgres({ url: config.databaseUrl, idleTransactionMs: Math.max(5000, config.leaseMs) })
  }
  return openSqlite({ path: join(config.data, 'trivium.sqlite'), synchronous: durable ? 'full' : 'off' })
}

/** The instance's own object store, what places of projects need, the table engine and the model scorer of this machine. */
export function openDrivers(
  config: Config,
  {
    durable,
    onDamaged = () => {},
    db,
  }: {
    durable: boolean
    onDamaged?: (damage: Damage) => void /** Makes parts of large content cheap. */
    db?: Database
  },
): { blobs: BlobStore; placing: Placing; tables: TableEngine; scorer: BatchScorer } {
  const remote = config.storageUrl.startsWith('s3:')
  const shared = config.storageUrl.startsWith('file:') ? fileURLToPath(config.storageUrl) : undefined
  const blobs = shared ?? join(config.data, remote ? 'copies' : 'blobs')
  const tmp = join(config.data, 'tmp')
  const chunks = db ? createDatabaseChunks(db) : noChunkIndex
  const placed = placeCopies(config.data)
  const maxBytes = config.storageCopies * 2 ** 20
  return {
    placing: {
      drivers: { s3: createPlaceS3, oci: createPlaceOci, http: createPlaceHttp, postgres: createPlacePostgres },
      copies: { root: placed, maxBytes },
      chunks,
      onDamaged,
    },
    blobs: !remote
      ? createBlobLocal({ root: blobs, sync: durable, onDamaged, chunks })
      : createBlobS3({
          url: config.storageUrl,
          endpoint: config.storageEndpoint,
          region: config.storageRegion,
          accessKeyId: config.storageAccessKeyId,
          secretAccessKey: config.storageSecretAccessKey,
          sessionToken: config.storageSessionToken,
          links: config.storageLinks,
          copies: { root: blobs, maxBytes },
          onDamaged,
          chunks,
        }),
    tables: createTableEngine({
      tempDir: join(tmp, 'tables'),
      memoryLimit: config.tablesMemory,
      threads: config.tablesThreads,
      slots: 4,
      idleMs: 30_000,
      allowedDirs: [blobs, placed, tmp],
    }),
    scorer: createBatchScorer({ tempDir: join(tmp, 'scorer') }),
  }
}

/** Where copies of content lie that is kept in places of projects. */
export const placeCopies = (data: string): string => join(data, 'place-copies')
