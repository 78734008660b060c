import { existsSync } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import { values } from './kernel/libraries/index.ts'
import type { BackupKey, BackupLock } from './drivers/backup-age/backup-age.ts'
import { backupErrors, writeFileAt } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { Trx } from './kernel/db/index.ts'
import type { DatabaseSnapshot } from './kernel/ports/index.ts'
import { openSnapshot } from './open-snapshot.ts'

/** Written as it is, in one piece: a key is 200 bytes, so that a million people are 200 MB. */
const SubjectKeysFile = Type.Object({
  kind: Type.Literal('trivium-subject-keys'),
  format: Type.Literal(1),
  at: Type.String(),
  roots: Type.Array(Type.Object({ project_id: Type.String(), sealed: Type.String(), made_at: Type.Integer() })),
  keys: Type.Array(
    Type.Object({
      project_id: Type.String(),
      subject: Type.String(),
      id: Type.String(),
      sealed: Type.Union([Type.String(), Type.Null()]),
      made_at: Type.Integer(),
      erased_at: Type.Union([Type.Integer(), Type.Null()]),
      erased_by: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
})
type SubjectKeysFile = Static<typeof SubjectKeysFile>

/** How many people have a key in such a file, and how many had one. */
export interface SubjectKeysSaved {
  readonly people: number
  readonly erased: number
}

/** Writes the keys of people, which no backup holds, into a file of its own; one of that name is replaced. They are wrapped by the vault: without vault-key they open nothing. */
export async function saveSubjectKeys(
  config: Pick<Config, 'data' | 'databaseUrl'>,
  file: string,
  { lock }: { lock?: BackupLock } = {},
): Promise<SubjectKeysSaved> {
  const snapshot = await openSnapshot(config)
  try {
    return await writeSubjectKeys(snapshot, file, lock)
  } finally {
    await snapshot.close()
  }
}

/** The same as of a snapshot. */
export async function writeSubjectKeys(
  snapshot: DatabaseSnapshot,
  file: string,
  lock: BackupLock | undefined,
): Promise<SubjectKeysSaved> {
  const content: SubjectKeysFile = {
    kind: 'trivium-subject-keys',
    format: 1,
    at: new Date().toISOString(),
    roots: (await rowsOf(snapshot, 'subject_root')) as SubjectKeysFile['roots'],
    keys: (await rowsOf(snapshot, 'subject_key')) as SubjectKeysFile['keys'],
  }
  let bytes: Uint8Array = Buffer.from(`${JSON.stringify(content)}\n`)
  if (lock) bytes = await (await import('./drivers/backup-age/backup-age.ts')).lockBytes(bytes, lock)
  const work = `${file}.partial-${process.pid}`
  try {
    await writeFileAt(work, Readable.from([bytes]))
    await rename(work, file)
  } catch (error) {
    await rm(work, { force: true })
    throw error
  }
  const erased = content.keys.filter(({ sealed }) => sealed === null).length
  return { people: content.keys.length - erased, erased }
}

async function rowsOf(snapshot: DatabaseSnapshot, table: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  if (!(await snapshot.tables()).includes(table)) return found
  for await (const { columns, rows } of snapshot.rows(table))
    for (const row of rows)
      found.push(
        Object.fromEntries(
          columns.map((column, index) => {
            const value = row[index]
            return [column, typeof value === 'bigint' ? Number(value) : value]
          }),
        ),
      )
  return found
}

/** Reads such a file before anything is restored. */
export async function readSubjectKeys(file: string, key: BackupKey | undefined): Promise<SubjectKeysFile> {
  if (!existsSync(file)) throw backupErrors.NO_SUBJECT_KEYS(file, 'it is not there')
  let bytes: Uint8Array = await readFile(file)
  const { isLockedBytes, unlockBytes } = await import('./drivers/backup-age/backup-age.ts')
  if (isLockedBytes(bytes)) {
    if (!key) throw backupErrors.NEEDS_KEY(file)
    bytes = await unlockBytes(bytes, key, file)
  }
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    throw backupErrors.NO_SUBJECT_KEYS(file, 'it is no such file, or was cut off')
  }
  if (!values().Check(SubjectKeysFile, content)) throw backupErrors.NO_SUBJECT_KEYS(file, 'it holds something else')
  return content
}

const atOnce = 500

/** Puts the keys into a database that holds none. */
export async function loadSubjectKeys(trx: Trx, { roots, keys }: SubjectKeysFile): Promise<void> {
  for (let at = 0; at < roots.length; at += atOnce)
    await trx
      .insertInto('subject_root')
      .values(roots.slice(at, at + atOnce))
      .execute()
  for (let at = 0; at < keys.length; at += atOnce)
    await trx
      .insertInto('subject_key')
      .values(keys.slice(at, at + atOnce))
      .execute()
}
