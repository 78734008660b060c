import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { type BackupManifest, readManifest } from './backup-manifest.ts'
import { contentPath, keyFiles } from './back-up.ts'
import { erasureLines, erasuresFile } from './capabilities/subjects/index.ts'
import { compareDatabase, requireNoTables, requireSameSchema } from './copied-database.ts'
import type { BackupKey } from './drivers/backup-age/backup-age.ts'
import {
  type BackupFiles,
  backupErrors,
  backupFolder,
  dumpPath,
  loadDatabase,
  readDumped,
  writeFileAt,
} from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { type Database, lockDataDirectory, migrate } from './kernel/db/index.ts'
import { migrations } from './migrations/index.ts'
import { openDatabase, openDrivers } from './open-drivers.ts'
import { type ErasureSources, readErasures, replayErasures } from './replay-erasures.ts'
import { loadSubjectKeys, readSubjectKeys } from './subject-keys-file.ts'

const digestPattern = /^[0-9a-f]{64}$/

/** What a restore did. */
export interface Restored extends BackupManifest {
  /** Keys of people: `none` were ever made; `left-out`: what is personal reads `redacted`; `restored`. */
  readonly subjectKeys: 'none' | 'left-out' | 'restored'
  /** Sources of later erasures that were looked into, and how many keys and accounts of erased people the backup had brought back. */
  readonly erasures: { readonly from: readonly string[]; readonly replayed: number }
}

/** What else is restored, beside the backup. */
export interface RestoreOptions extends ErasureSources {
  readonly key?: BackupKey
  /** The file with the keys of people. */
  readonly subjectKeys?: string
  /** Somebody says that nobody was erased since the backup. */
  readonly noLaterErasures?: boolean
  readonly onProgress?: (what: string) => void
}

/**
 * Restores a backup into an empty data directory and an empty database, of whichever kind, and compares what came out with what went in. Everything of
 * the backup is checked before the first byte is written. Whoever was erased since stays erased: his key is destroyed in the transaction that brings the keys.
 */
export async function restore(
  config: Config,
  source: string,
  { key, subjectKeys, noLaterErasures = false, onProgress = () => {}, ...sources }: RestoreOptions = {},
): Promise<Restored> {
  const files = await openBackup(source, key)
  const manifest = await readManifest(files, source)
  requireSameSchema(manifest.migrations, (what) => backupErrors.OTHER_SCHEMA(manifest.version, what))
  onProgress('checking the backup')
  const contents = await checkBackup(files, source, manifest)
  const keys = subjectKeys === undefined ? undefined : await readSubjectKeys(subjectKeys, key)
  const later = await readErasures(config, sources)
  if (keys && later.from.length === 0 && !noLaterErasures) throw backupErrors.NO_ERASURES()
  await requireEmpty(config)
  const lock = lockDataDirectory(config.data)
  let db: Database | undefined
  const drivers = openDrivers(config, { durable: true })
  try {
    db = await openDatabase(config, { durable: true })
    await requireNoTables(config)
    await migrate(db, migrations)
    onProgress('content')
    const instance = (await readDumped(files, 'instance')).find(({ key }) => key === 'id')
    if (instance) await drivers.blobs.own(String(instance['value']))
    for (const { project, digest, size } of contents)
      await drivers.blobs.put(project, await files.open(contentPath(project, digest)), {
        expected: digest,
        size,
      })
    for (const { path } of manifest.ledgers)
      await writeFileAt(join(config.data, 'ledgers', path), await files.open(`ledgers/${path}`))
    for (const file of manifest.keys) await writeFileAt(join(config.data, file), await files.open(`keys/${file}`))
    await mkdir(join(config.data, 'online'), { recursive: true, mode: 0o700 })
    await writeFile(join(config.data, 'online', 'rebuild'), '')
    // One transaction, and last: a restore that was cut off leaves a database with nothing in it.
    onProgress('rows')
    await loadDatabase(db, files, manifest.tables)
    onProgress('comparing')
    await compareDatabase(config, manifest.tables)
    onProgress('erasures')
    const replayed = await db.write.transaction().execute(async (trx) => {
      if (keys) await loadSubjectKeys(trx, keys)
      return replayErasures(trx, later.lines, { withKeys: keys !== undefined, at: Date.now() })
    })
    if (later.lines.length > 0)
      await writeFile(join(config.data, erasuresFile), erasureLines(later.lines), { mode: 0o600 })
    return {
      ...manifest,
      subjectKeys: keys ? 'restored' : (manifest.people ?? 0) > 0 ? 'left-out' : 'none',
      erasures: { from: later.from, replayed },
    }
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

async function openBackup(source: string, key: BackupKey | undefined): Promise<Pick<BackupFiles, 'open'>> {
  const { isLocked, unlockedFolder } = await import('./drivers/backup-age/backup-age.ts')
  if (!isLocked(source)) return backupFolder(source)
  if (!key) throw backupErrors.NEEDS_KEY(source)
  return unlockedFolder(source, key)
}

/** Reads every file once and compares it with the manifest. Returns the list of contents. */
async function checkBackup(
  files: Pick<BackupFiles, 'open'>,
  source: string,
  manifest: BackupManifest,
): Promise<Content[]> {
  const check = (path: string, sha256: string): Promise<void> => checkFile(files, source, path, sha256)
  for (const { table, sha256 } of manifest.tables) await check(dumpPath(table), sha256)
  for (const { path, sha256 } of manifest.ledgers) await check(`ledgers/${path}`, sha256)
  if (manifest.keys.some((file) => !(keyFiles as readonly string[]).includes(file)))
    throw backupErrors.NOT_A_BACKUP(source, 'it names keys that this program does not know')
  for (const file of manifest.keys) await check(`keys/${file}`, '')
  await check('blobs.txt', manifest.blobs.sha256)
  const contents: Content[] = []
  for (const line of (await textOf(await files.open('blobs.txt'))).split('\n').filter(Boolean)) {
    const [project = '', digest = '', size = ''] = line.split(' ')
    if (!digestPattern.test(digest)) throw backupErrors.DAMAGED('blobs.txt')
    await check(contentPath(project, digest), digest)
    contents.push({ project, digest, size: Number(size) })
  }
  return contents
}

/** Without a digest it is only read to its end, which an encrypted file does not survive when it was changed. */
async function checkFile(
  files: Pick<BackupFiles, 'open'>,
  source: string,
  path: string,
  sha256: string,
): Promise<void> {
  // Names come from a file that somebody may have written.
  if (normalize(path) !== path || path.startsWith('..'))
    throw backupErrors.NOT_A_BACKUP(source, `${path} leads out of it`)
  const hash = createHash('sha256')
  try {
    for await (const chunk of await files.open(path)) hash.update(chunk as Buffer)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw backupErrors.NOT_A_BACKUP(source, `${path} is missing`)
    throw backupErrors.DAMAGED(`${path}: ${message}`)
  }
  if (sha256 !== '' && hash.digest('hex') !== sha256) throw backupErrors.DAMAGED(`${path} is not what was written`)
}

async function requireEmpty({ data }: Config): Promise<void> {
  if (!existsSync(data)) return
  const found = (await readdir(data)).filter((entry) => entry !== 'server.lock')
  if (found.length > 0) throw backupErrors.NOT_EMPTY(data)
}
