import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type BackupManifest, readManifest } from './backup-manifest.ts'
import { keyFiles } from './back-up.ts'
import { backupErrors, digestDatabase, loadDatabase, readDumped } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { type Database, lockDataDirectory, migrate } from './kernel/db/index.ts'
import { migrations } from './migrations/index.ts'
import { openDatabase, openDrivers } from './open-drivers.ts'
import { openSnapshot } from './open-snapshot.ts'

const digestPattern = /^[0-9a-f]{64}$/

/**
 * Restores a backup into an empty data directory and an empty database, of whichever kind, and compares what came out with what went in. Everything of
 * the backup is checked before the first byte is written.
 */
export async function restore(
  config: Config,
  source: string,
  { onProgress = () => {} }: { onProgress?: (what: string) => void } = {},
): Promise<BackupManifest> {
  const manifest = await readManifest(source)
  requireSameSchema(manifest)
  onProgress('checking the backup')
  const contents = await checkBackup(source, manifest)
  await requireEmpty(config)
  const lock = lockDataDirectory(config.data)
  let db: Database | undefined
  const drivers = openDrivers(config, { durable: true })
  try {
    db = await openDatabase(config, { durable: true })
    await requireNoTables(config)
    await migrate(db, migrations)
    onProgress('content')
    const [instance] = await readDumped(join(source, 'database'), 'instance')
    if (instance) await drivers.blobs.own(String(instance['value']))
    for (const { project, digest, size } of contents)
      await drivers.blobs.put(project, createReadStream(join(source, contentPath(project, digest))), {
        expected: digest,
        size,
      })
    for (const { path } of manifest.ledgers)
      await copy(join(source, 'ledgers', path), join(config.data, 'ledgers', path))
    for (const file of manifest.keys) await copy(join(source, 'keys', file), join(config.data, file))
    await mkdir(join(config.data, 'online'), { recursive: true, mode: 0o700 })
    await writeFile(join(config.data, 'online', 'rebuild'), '')
    // One transaction, and last: a restore that was cut off leaves a database with nothing in it.
    onProgress('rows')
    await loadDatabase(db, join(source, 'database'), manifest.tables)
    onProgress('comparing')
    await compare(config, manifest)
    return manifest
  } catch (error) {
    await db?.close()
    db = undefined
    // It was empty before.
    for (const entry of await readdir(config.data))
      if (entry !== 'server.lock') await rm(join(config.data, entry), { recursive: true, force: true })
    throw error
  } finally {
    await Promise.all([db?.close(), drivers.tables.close(), drivers.scorer.close()])
    lock.release()
  }
}

interface Content {
  readonly project: string
  readonly digest: string
  readonly size: number
}

/** Reads every file once and compares it with the manifest. Returns the list of contents. */
async function checkBackup(source: string, manifest: BackupManifest): Promise<Content[]> {
  for (const { table, sha256 } of manifest.tables) await checkFile(source, `database/${table}.ndjson.gz`, sha256)
  for (const { path, sha256 } of manifest.ledgers) await checkFile(source, `ledgers/${path}`, sha256)
  if (manifest.keys.some((file) => !(keyFiles as readonly string[]).includes(file)))
    throw backupErrors.NOT_A_BACKUP(source, 'it names keys that this program does not know')
  await checkFile(source, 'blobs.txt', manifest.blobs.sha256)
  const contents: Content[] = []
  for (const line of (await readFile(join(source, 'blobs.txt'), 'utf8')).split('\n').filter(Boolean)) {
    const [project = '', digest = '', size = ''] = line.split(' ')
    if (!digestPattern.test(digest)) throw backupErrors.DAMAGED('blobs.txt')
    await checkFile(source, contentPath(project, digest), digest)
    contents.push({ project, digest, size: Number(size) })
  }
  return contents
}

async function checkFile(source: string, path: string, sha256: string): Promise<void> {
  // Names come from a file that somebody may have written.
  if (normalize(path) !== path || path.startsWith('..'))
    throw backupErrors.NOT_A_BACKUP(source, `${path} leads out of it`)
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(join(source, path))) hash.update(chunk as Buffer)
  } catch {
    throw backupErrors.NOT_A_BACKUP(source, `${path} is missing`)
  }
  if (hash.digest('hex') !== sha256) throw backupErrors.DAMAGED(`${path} is not what was written`)
}

const contentPath = (project: string, digest: string): string =>
  join('blobs', encodeURIComponent(project), digest.slice(0, 2), digest)

async function requireEmpty({ data }: Config): Promise<void> {
  if (!existsSync(data)) return
  const found = (await readdir(data)).filter((entry) => entry !== 'server.lock')
  if (found.length > 0) throw backupErrors.NOT_EMPTY(data)
}

async function requireNoTables(config: Config): Promise<void> {
  const snapshot = await openSnapshot(config)
  try {
    if ((await snapshot.tables()).length > 0)
      throw backupErrors.NOT_EMPTY(config.databaseUrl === '' ? config.data : 'The database')
  } finally {
    await snapshot.close()
  }
}

function requireSameSchema(manifest: BackupManifest): void {
  const known = migrations.map(([name]) => name).toSorted()
  const differ = [
    ...known.filter((name) => !manifest.migrations.includes(name)),
    ...manifest.migrations.filter((name) => !known.includes(name)),
  ]
  if (differ.length > 0) throw backupErrors.OTHER_SCHEMA(manifest.version, differ.join(', '))
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await pipeline(createReadStream(from), createWriteStream(to, { mode: 0o600 }))
}

async function compare(config: Config, manifest: BackupManifest): Promise<void> {
  const snapshot = await openSnapshot(config)
  try {
    const found = new Map((await digestDatabase(snapshot)).map((one) => [one.table, one]))
    for (const { table, rows, digest } of manifest.tables) {
      const now = found.get(table)
      if (now?.rows !== rows || now.digest !== digest) throw backupErrors.DIFFERS(table)
    }
  } finally {
    await snapshot.close()
  }
}
