import { join } from 'node:path'
import { createBlobLocal } from './drivers/blob-local/blob-local.ts'

export { removeIncoming } from './drivers/blob-local/blob-local.ts'
import { createBatchScorer } from './drivers/onnx/batch-scorer.ts'
import { openPostgres } from './drivers/postgres/open-postgres.ts'
import { openSqlite } from './drivers/sqlite/open-sqlite.ts'
import { createTableEngine } from './drivers/tables-duckdb/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { Database } from './kernel/db/index.ts'
import type { BatchScorer, BlobStore, TableEngine } from './kernel/ports/index.ts'

/** The database that the configuration names. `durable: false` skips the waits for the disk and is for tests. */
export async function openDatabase(config: Config, { durable }: { durable: boolean }): Promise<Database> {
  return config.databaseUrl
    ? openPostgres({ url: config.databaseUrl })
    : openSqlite({ path: join(config.data, 'trivium.sqlite'), synchronous: durable ? 'full' : 'off' })
}

/** The object store, the table engine and the model scorer of this machine. */
export function openDrivers(
  config: Config,
  { durable }: { durable: boolean },
): { blobs: BlobStore; tables: TableEngine; scorer: BatchScorer } {
  const blobs = join(config.data, 'blobs')
  const tmp = join(config.data, 'tmp')
  return {
    blobs: createBlobLocal({ root: blobs, sync: durable }),
    tables: createTableEngine({
      tempDir: join(tmp, 'tables'),
      memoryLimit: config.tablesMemory,
      threads: config.tablesThreads,
      slots: 4,
      idleMs: 30_000,
      allowedDirs: [blobs, tmp],
    }),
    scorer: createBatchScorer({ tempDir: join(tmp, 'scorer') }),
  }
}
