import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { type Static, Type } from 'typebox'
import { values } from './kernel/libraries/index.ts'
import { type BackupFiles, backupErrors } from './kernel/backup/index.ts'

/** What a backup holds; `manifest.json`, written last. */
export const BackupManifest = Type.Object({
  format: Type.Literal(1),
  version: Type.String({ description: 'Version of the program.' }),
  at: Type.String({ description: 'When the rows were read.' }),
  dialect: Type.Union([Type.Literal('sqlite'), Type.Literal('postgres')]),
  /** Up to which event everything is in it. */
  seq: Type.Integer(),
  migrations: Type.Array(Type.String()),
  tables: Type.Array(
    Type.Object({ table: Type.String(), rows: Type.Integer(), digest: Type.String(), sha256: Type.String() }),
  ),
  /** `blobs.txt`: project, digest and size of each content, a line each. */
  blobs: Type.Object({ count: Type.Integer(), bytes: Type.Integer(), sha256: Type.String() }),
  /** Contents that could not be read whole, damaged already where they lie. */
  missing: Type.Array(Type.Object({ project: Type.String(), digest: Type.String(), why: Type.String() })),
  /** What projects keep in places of their own: it is not in the backup. */
  elsewhere: Type.Optional(
    Type.Array(
      Type.Object({ project: Type.String(), place: Type.String(), contents: Type.Integer(), bytes: Type.Integer() }),
    ),
  ),
  /** Segments that were not in tables yet. */
  ledgers: Type.Array(Type.Object({ path: Type.String(), bytes: Type.Integer(), sha256: Type.String() })),
  /** Files of keys that were taken along. */
  keys: Type.Array(Type.String()),
  /** How many people have a key, whose values are encrypted in it; the keys are in no backup. */
  people: Type.Optional(Type.Integer()),
})
export type BackupManifest = Static<typeof BackupManifest>

const name = 'manifest.json'
const sumName = 'manifest.sha256'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export async function writeManifest(files: Pick<BackupFiles, 'write'>, manifest: BackupManifest): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 1)}\n`
  await files.write(name, Readable.from([Buffer.from(text)]))
  await files.write(sumName, Readable.from([Buffer.from(`${sha256(text)}  ${name}\n`)]))
}

/** `directory` is what messages call the backup. */
export async function readManifest(files: Pick<BackupFiles, 'open'>, directory: string): Promise<BackupManifest> {
  const read = async (file: string): Promise<string> => {
    try {
      return await textOf(await files.open(file))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') throw backupErrors.NOT_A_BACKUP(directory, `it holds no ${file}`)
      throw backupErrors.DAMAGED(`${file}: ${message}`)
    }
  }
  const text = await read(name)
  const sum = await read(sumName)
  if (!sum.startsWith(sha256(text))) throw backupErrors.DAMAGED(`${name} is not what ${sumName} says`)
  const manifest: unknown = JSON.parse(text)
  if (!values().Check(BackupManifest, manifest))
    throw backupErrors.NOT_A_BACKUP(directory, 'it was made by a newer program')
  return manifest
}
