import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { snapshotSqlite } from './drivers/sqlite/snapshot-sqlite.ts'
import { backupErrors } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { DatabaseSnapshot } from './kernel/ports/index.ts'

/** Opens the database of a configuration at this moment, beside the server that may be working on it. */
export async function openSnapshot(config: Pick<Config, 'data' | 'databaseUrl'>): Promise<DatabaseSnapshot> {
  if (config.databaseUrl !== '') {
    const { snapshotPostgres } = await import('./drivers/postgres/snapshot-postgres.ts')
    return snapshotPostgres({ url: config.databaseUrl })
  }
  const path = join(config.data, 'trivium.sqlite')
  if (!existsSync(path)) throw backupErrors.NO_DATABASE(config.data)
  return snapshotSqlite({ path })
}
