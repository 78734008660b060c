import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compareDatabase, requireNoTables, requireSameSchema } from './copied-database.ts'
import { markMoved, requireNotMoved } from './kernel/blobs/index.ts'
import { backupFolder, dumpDatabase, loadDatabase } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { type Database, lockDataDirectory, migrate } from './kernel/db/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { migrations } from './migrations/index.ts'
import { openDatabase } from './open-drivers.ts'
import { openSnapshot } from './open-snapshot.ts'

export const migrationErrors = defineErrors('MIGRATE', {
  BAD_TARGET: {
    status: 400,
    message: () =>
      'Say where to: --to postgres://USER:PASSWORD@HOST/DATABASE, --to-file FILE with such a line, or --to sqlite.',
  },
  SAME: { status: 409, message: (what: string) => `The database is ${what} already. There is nothing to move.` },
  IN_USE: {
    status: 409,
    message: (clients: number) =>
      `${clients} other ${clients === 1 ? 'client is' : 'clients are'} connected to the database. Stop every server and every other program that uses it, then try again.`,
  },
  OTHER_SCHEMA: {
    status: 409,
    message: (what: string) =>
      `The database is not of this program's version (${what}). Start this version's server on it once, stop it, then move.`,
  },
  NO_ROWS: {
    status: 409,
    message: () => 'The database is empty. There is nothing to move; give the new one to the server and start it.',
  },
  TARGET_EXISTS: {
    status: 409,
    message: (file: string) => `${file} is there already. Rename it, for it may be your way back, then try again.`,
  },
  FAILED: {
    status: 500,
    message: (why: string, target: string) =>
      `The move failed: ${why} The old database is as it was, and ${target}. Mend the reason and run it again.`,
  },
})

/** What a move did. */
export interface DatabaseMove {
  readonly from: 'sqlite' | 'postgres'
  readonly to: 'sqlite' | 'postgres'
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly digest: string }[]
  readonly rows: number
  /** What is to be changed before the server starts. */
  readonly next: string
}

/**
 * Copies the database of a stopped server into an empty one of the other kind, table by table as backups do, compares the digest of every table, and marks
 * the old one so that no server starts on it by mistake. Content, segments and keys stay where they are.
 */
export async function migrateDatabase(
  config: Config,
  to: string,
  { onProgress = () => {} }: { onProgress?: (what: string) => void } = {},
): Promise<DatabaseMove> {
  if (to !== 'sqlite' && !/^postgres(ql)?:\/\//.test(to)) throw migrationErrors.BAD_TARGET()
  const target = { ...config, databaseUrl: to === 'sqlite' ? '' : to }
  if (target.databaseUrl === config.databaseUrl)
    throw migrationErrors.SAME(to === 'sqlite' ? 'SQLite in the data directory' : 'that one')
  const lock = lockDataDirectory(config.data)
  const file = join(config.data, 'trivium.sqlite')
  let written = false
  let db: Database | undefined
  const work = await workDirectory(config)
  try {
    await requireUnused(config, target, file)
    const files = backupFolder(work)
    onProgress('reading')
    const { dialect, tables } = await dump(config, files)
    written = true
    db = await openDatabase(target, { durable: true })
    await migrate(db, migrations)
    onProgress('writing')
    await loadDatabase(db, files, tables)
    await db.close()
    db = undefined
    onProgress('comparing')
    await compareDatabase(target, tables)
    await markOld(config, to === 'sqlite' ? file : withoutPassword(to))
    return {
      from: dialect,
      to: to === 'sqlite' ? 'sqlite' : 'postgres',
      tables: tables.map(({ table, rows, digest }) => ({ table, rows, digest })),
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      next:
        to === 'sqlite'
          ? 'Remove databaseUrl (TRIVIUM_DATABASE_URL, --database-url) from the configuration, then start the server.'
          : `Set databaseUrl (TRIVIUM_DATABASE_URL_FILE or --database-url) to ${withoutPassword(to)}, with its password, then start the server.`,
    }
  } catch (error) {
    await db?.close().catch(() => {})
    if (!written) throw error
    throw migrationErrors.FAILED((error as Error).message, await takeBack(target, file))
  } finally {
    await rm(work, { recursive: true, force: true })
    lock.release()
  }
}

async function workDirectory({ data }: Config): Promise<string> {
  await mkdir(join(data, 'tmp'), { recursive: true, mode: 0o700 })
  return mkdtemp(join(data, 'tmp', 'migrate-'))
}

const postgresTarget = () => import('./drivers/postgres/target-database.ts')

/** Nobody may write to the old one while it is read, and nothing may be in the new one. */
async function requireUnused(config: Config, target: Config, file: string): Promise<void> {
  const clients = config.databaseUrl === '' ? 0 : await (await postgresTarget()).otherClients(config.databaseUrl)
  if (clients > 0) throw migrationErrors.IN_USE(clients)
  if (target.databaseUrl !== '') return requireNoTables(target)
  if (existsSync(file)) throw migrationErrors.TARGET_EXISTS(file)
}

async function dump(config: Config, files: ReturnType<typeof backupFolder>) {
  const snapshot = await openSnapshot(config)
  try {
    const applied: string[] = []
    if (!(await snapshot.tables()).includes('schema_migration')) throw migrationErrors.NO_ROWS()
    for await (const { columns, rows } of snapshot.rows('schema_migration'))
      applied.push(...rows.map((row) => String(row[columns.indexOf('name')])))
    requireSameSchema(applied, migrationErrors.OTHER_SCHEMA)
    for await (const { columns, rows } of snapshot.rows('instance'))
      requireNotMoved(
        rows.map((row) => ({ key: String(row[columns.indexOf('key')]), value: String(row[columns.indexOf('value')]) })),
      )
    return { dialect: snapshot.dialect, tables: await dumpDatabase(snapshot, files) }
  } finally {
    await snapshot.close()
  }
}

async function markOld(config: Config, where: string): Promise<void> {
  const old = await openDatabase(config, { durable: true })
  try {
    await markMoved(old, where)
  } finally {
    await old.close()
  }
}

/** Leaves the target as empty as it was, and says so. */
async function takeBack(target: Config, file: string): Promise<string> {
  try {
    if (target.databaseUrl !== '') await (await postgresTarget()).emptySchema(target.databaseUrl)
    else for (const end of ['', '-wal', '-shm']) await rm(`${file}${end}`, { force: true })
    return 'the new one is empty again'
  } catch (error) {
    return `the new one could not be emptied (${(error as Error).message}); drop it and make it anew`
  }
}

function withoutPassword(url: string): string {
  const shown = new URL(url)
  shown.password = ''
  return shown.href
}
