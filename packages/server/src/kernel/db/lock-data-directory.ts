import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { defineErrors } from '../errors/index.ts'

export const dataDirectoryErrors = defineErrors('DATA', {
  IN_USE: {
    status: 409,
    message: (path: string) =>
      `Another Trivium server runs on ${path}. Stop it, or give this one another directory with --data.`,
  },
  MOVED: {
    status: 409,
    message: (to: string) =>
      `This database was moved to ${to}, and what happened since is there. Set databaseUrl to that one (empty for SQLite), or move it back with trivium migrate-database.`,
  },
  NOT_WRITABLE: {
    status: 500,
    message: (path: string, why: string) => `The data directory ${path} cannot be written: ${why}`,
  },
})

/** Makes the directory ours until the process ends, however it ends: the operating system frees an exclusive SQLite lock even after kill -9. */
export function lockDataDirectory(path: string): { release(): void } {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const lock = new DatabaseSync(join(path, 'server.lock'))
    lock.exec('pragma journal_mode = delete; pragma busy_timeout = 0; begin exclusive')
    return { release: () => lock.close() }
  } catch (error) {
    if ((error as { errcode?: number }).errcode === 5) throw dataDirectoryErrors.IN_USE(path)
    throw dataDirectoryErrors.NOT_WRITABLE(path, (error as Error).message)
  }
}
