import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type BackupManifest, writeManifest } from './backup-manifest.ts'
import type { BackupLock } from './drivers/backup-age/backup-age.ts'
import { type BackupFiles, backupErrors, backupFolder, dumpDatabase, opened } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { BlobStore, DatabaseSnapshot } from './kernel/ports/index.ts'
import { openDrivers } from './open-drivers.ts'
import { openSnapshot } from './open-snapshot.ts'
import { subjectTables } from './kernel/subjects/index.ts'
import { writeSubjectKeys } from './subject-keys-file.ts'
import { programVersion } from './system-routes.ts'

/** Files with keys of the instance. Whoever has them and a backup can read every secret and sign checkpoints. */
export const keyFiles = ['vault-key', 'signing-key.pem', 'admin-token'] as const

/**
 * Copies everything that cannot be made again into a new directory, while the server works: segments first, then all rows as of one moment, then the
 * content that they name. A row that went from a segment to a table meanwhile is in both and counts once, because the rows know how far each segment was
 * read. The directory appears under its name when it is whole. With a lock every file is encrypted on its way, and no name says what is in it.
 * What projects keep in places of their own is named, and stays there. The keys of people are left out, so that an erasure reaches every backup that was ever made.
 */
export async function backUp(
  config: Config,
  target: string,
  {
    withKeys = false,
    lock,
    subjectKeys,
    onProgress = () => {},
  }: {
    withKeys?: boolean
    lock?: BackupLock
    /** A file for the keys of people, which the backup does not hold; for whom it is encrypted unless that is `lock`. */
    subjectKeys?: { file: string; lock?: BackupLock }
    onProgress?: (what: string) => void
  } = {},
): Promise<BackupManifest> {
  if (existsSync(target)) throw backupErrors.EXISTS(target)
  const work = `${target}.partial-${process.pid}`
  const drivers = openDrivers(config, { durable: true })
  let snapshot: DatabaseSnapshot | undefined
  try {
    await mkdir(work, { recursive: true, mode: 0o700 })
    const files = lock
      ? await (await import('./drivers/backup-age/backup-age.ts')).lockedFolder(work, lock)
      : backupFolder(work)
    onProgress('segments')
    const ledgers = await copyLedgers(join(config.data, 'ledgers'), files)
    snapshot = await openSnapshot(config)
    const at = new Date().toISOString()
    onProgress('rows')
    const migrations = await appliedMigrations(snapshot)
    const tables = await dumpDatabase(snapshot, files, { withheld: subjectTables })
    const elsewhere = await contentElsewhere(snapshot)
    const people = await countPeople(snapshot)
    const seq = await lastSequence(snapshot)
    onProgress('content')
    const { blobs, missing } = await copyBlobs(drivers.blobs, files)
    const keys = withKeys ? await copyKeys(config.data, files) : []
    const manifest: BackupManifest = {
      format: 1,
      version: programVersion,
      at,
      dialect: snapshot.dialect,
      seq,
      migrations,
      tables,
      blobs,
      missing,
      elsewhere,
      ledgers,
      keys,
      people,
    }
    if (subjectKeys) await writeSubjectKeys(snapshot, subjectKeys.file, subjectKeys.lock ?? lock)
    await writeManifest(files, manifest)
    await files.finish()
    await rename(work, target)
    return manifest
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    throw error
  } finally {
    await Promise.all([snapshot?.close(), drivers.tables.close(), drivers.scorer.close()])
  }
}

async function appliedMigrations(snapshot: DatabaseSnapshot): Promise<string[]> {
  const found: string[] = []
  for await (const { columns, rows } of snapshot.rows('schema_migration'))
    found.push(...rows.map((row) => String(row[columns.indexOf('name')])))
  return found.toSorted()
}

async function lastSequence(snapshot: DatabaseSnapshot): Promise<number> {
  for await (const { columns, rows } of snapshot.rows('event_head'))
    return Number(rows[0]?.[columns.indexOf('last_seq')] ?? 0)
  return 0
}

/** How much each place of a project holds. */
async function contentElsewhere(snapshot: DatabaseSnapshot): Promise<NonNullable<BackupManifest['elsewhere']>> {
  const found = new Map<string, { project: string; place: string; contents: number; bytes: number }>()
  for await (const { columns, rows } of snapshot.rows('content_place'))
    for (const row of rows) {
      const of = (column: string): string => String(row[columns.indexOf(column)])
      found.set(of('id'), { project: of('project_id'), place: of('address'), contents: 0, bytes: 0 })
    }
  for await (const { columns, rows } of snapshot.rows('placed_content'))
    for (const row of rows) {
      const one = found.get(String(row[columns.indexOf('place_id')]))
      if (!one) continue
      one.contents += 1
      one.bytes += Number(row[columns.indexOf('size')])
    }
  return [...found.values()].filter(({ contents }) => contents > 0)
}

async function countPeople(snapshot: DatabaseSnapshot): Promise<number> {
  let people = 0
  for await (const { columns, rows } of snapshot.rows('subject_key'))
    people += rows.filter((row) => row[columns.indexOf('sealed')] !== null).length
  return people
}

/** Segments only grow, so that what is copied is a beginning of them; one that is gone was read to its end. */
async function copyLedgers(from: string, files: Pick<BackupFiles, 'write'>): Promise<BackupManifest['ledgers']> {
  if (!existsSync(from)) return []
  const copied: BackupManifest['ledgers'] = []
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const path = source.slice(from.length + 1)
    try {
      copied.push({ path, ...(await files.write(`ledgers/${path}`, await opened(createReadStream(source)))) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return copied
}

/** Every content, checked against its digest on the way. What is damaged already is named and left out: the rest is worth keeping. */
async function copyBlobs(
  blobs: BlobStore,
  files: Pick<BackupFiles, 'write'>,
): Promise<Pick<BackupManifest, 'blobs' | 'missing'>> {
  const lines: string[] = []
  const missing: BackupManifest['missing'] = []
  let bytes = 0
  for await (const { project, digest } of blobs.list()) {
    try {
      const { stream, size } = await blobs.open(project, digest)
      await files.write(contentPath(project, digest), stream)
      bytes += size
      lines.push(`${project} ${digest} ${size}`)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      // Collected since the list was read: nothing of the rows names it.
      if (code === 'BLOB.NOT_FOUND') continue
      if (code !== 'BLOB.DAMAGED') throw error
      missing.push({ project, digest, why: message })
    }
  }
  const { sha256 } = await files.write(
    'blobs.txt',
    Readable.from([Buffer.from(lines.map((line) => `${line}\n`).join(''))]),
  )
  return { blobs: { count: lines.length, bytes, sha256 }, missing }
}

/** Where a content lies in a backup. */
export const contentPath = (project: string, digest: string): string =>
  `blobs/${encodeURIComponent(project)}/${digest.slice(0, 2)}/${digest}`

async function copyKeys(data: string, files: Pick<BackupFiles, 'write'>): Promise<string[]> {
  const found = keyFiles.filter((file) => existsSync(join(data, file)))
  for (const file of found) await files.write(`keys/${file}`, createReadStream(join(data, file)))
  return found
}
