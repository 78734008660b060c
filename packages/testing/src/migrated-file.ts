import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Names a folder of the test run, made by the global setup; absent outside of `vitest`. */
export const migratedFileVariable = 'TEST_MIGRATED_FILE'

const name = 'trivium.sqlite'

/** Puts a database with the schema as `migrate` makes it into a data directory without one. That happens once in a test run: the others get a copy. */
export async function copyMigratedFile(data: string, migrate: (data: string) => Promise<void>): Promise<void> {
  const folder = process.env[migratedFileVariable]
  if (!folder || existsSync(join(data, name))) return
  const made = join(folder, name)
  if (!existsSync(made)) {
    // Two processes that begin at once both make it; one of the two equal files stays.
    const own = await mkdtemp(join(folder, 'migrating-'))
    await migrate(own)
    await rename(join(own, name), made)
    await rm(own, { recursive: true })
  }
  await copyFile(made, join(data, name))
}
