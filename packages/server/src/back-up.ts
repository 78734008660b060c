import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type BackupManifest, writeManifest } from './backup-manifest.ts'
import { backupErrors, dumpDatabase } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { BlobStore, DatabaseSnapshot } from './kernel/ports/index.ts'
import { openDrivers } from './open-drivers.ts'
import { openSnapshot } from './open-snapshot.ts'
import { programVersion } from './system-routes.ts'

/** Files with keys of the instance. Whoever has them and a backup can read every secret and sign checkpoints. */
export const keyFiles = ['vault-key', 'signing-key.pem', 'admin-token'] as const

/**
 * Copies everything that cannot be made again into a new directory, while the server works: segments first, then all rows as of one moment, then the
 * content that they name. A row that went from a segment to a table meanwhile is in both and counts once, because the rows know how far each segment was
 * read. The directory appears under its name when it is whole.
 */
export async function backUp(
  config: Config,
  target: string,
  { withKeys = false, onProgress = () => {} }: { withKeys?: boolean; onProgress?: (what: string) => void } = {},
): Promise<BackupManifest> {
  if (existsSync(target)) throw backupErrors.EXISTS(target)
  const work = `${target}.partial-${process.pid}`
  const drivers = openDrivers(config, { durable: true })
  let snapshot: DatabaseSnapshot | undefined
  try {
    await mkdir(work, { recursive: true, mode: 0o700 })
    onProgress('segments')
    const ledgers = await copyLedgers(join(config.data, 'ledgers'), join(work, 'ledgers'))
    snapshot = await openSnapshot(config)
    const at = new Date().toISOString()
    onProgress('rows')
    const migrations = await appliedMigrations(snapshot)
    const tables = await dumpDatabase(snapshot, join(work, 'database'))
    const seq = await lastSequence(snapshot)
    onProgress('content')
    const { blobs, missing } = await copyBlobs(drivers.blobs, work)
    const keys = withKeys ? await copyKeys(config.data, work) : []
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
      ledgers,
      keys,
    }
    await writeManifest(work, manifest)
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

/** Segments only grow, so that what is copied is a beginning of them; one that is gone was read to its end. */
async function copyLedgers(from: string, to: string): Promise<BackupManifest['ledgers']> {
  if (!existsSync(from)) return []
  const copied: BackupManifest['ledgers'] = []
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const path = source.slice(from.length + 1)
    const target = join(to, path)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    try {
      await copyFile(source, target)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    const content = await readFile(target)
    copied.push({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') })
  }
  return copied
}

/** Every content, checked against its digest on the way. What is damaged already is named and left out: the rest is worth keeping. */
async function copyBlobs(blobs: BlobStore, work: string): Promise<Pick<BackupManifest, 'blobs' | 'missing'>> {
  const lines: string[] = []
  const missing: BackupManifest['missing'] = []
  let bytes = 0
  for await (const { project, digest } of blobs.list()) {
    const target = join(work, 'blobs', encodeURIComponent(project), digest.slice(0, 2), digest)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    try {
      const { stream, size } = await blobs.open(project, digest)
      await pipeline(stream, createWriteStream(target, { mode: 0o600 }))
      bytes += size
      lines.push(`${project} ${digest} ${size}`)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      // Collected since the list was read: nothing of the rows names it.
      if (code === 'BLOB.NOT_FOUND') continue
      if (code !== 'BLOB.DAMAGED') throw error
      await rm(target, { force: true })
      missing.push({ project, digest, why: message })
    }
  }
  const text = lines.map((line) => `${line}\n`).join('')
  await writeFile(join(work, 'blobs.txt'), text, { mode: 0o600 })
  return { blobs: { count: lines.length, bytes, sha256: createHash('sha256').update(text).digest('hex') }, missing }
}

async function copyKeys(data: string, work: string): Promise<string[]> {
  const found = keyFiles.filter((file) => existsSync(join(data, file)))
  if (found.length > 0) await mkdir(join(work, 'keys'), { recursive: true, mode: 0o700 })
  for (const file of found)
    await pipeline(createReadStream(join(data, file)), createWriteStream(join(work, 'keys', file), { mode: 0o600 }))
  return found
}
