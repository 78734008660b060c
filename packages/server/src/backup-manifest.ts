import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { backupErrors } from './kernel/backup/index.ts'

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
  /** Segments that were not in tables yet. */
  ledgers: Type.Array(Type.Object({ path: Type.String(), bytes: Type.Integer(), sha256: Type.String() })),
  /** Files of keys that were taken along. */
  keys: Type.Array(Type.String()),
})
export type BackupManifest = Static<typeof BackupManifest>

const name = 'manifest.json'
const sumName = 'manifest.sha256'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export async function writeManifest(directory: string, manifest: BackupManifest): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 1)}\n`
  await writeFile(join(directory, name), text, { mode: 0o600 })
  await writeFile(join(directory, sumName), `${sha256(text)}  ${name}\n`, { mode: 0o600 })
}

export async function readManifest(directory: string): Promise<BackupManifest> {
  const [text, sum] = await Promise.all(
    [name, sumName].map((file) =>
      readFile(join(directory, file), 'utf8').catch(() => {
        throw backupErrors.NOT_A_BACKUP(directory, `it holds no ${file}`)
      }),
    ),
  )
  if (text === undefined || !sum?.startsWith(sha256(text)))
    throw backupErrors.DAMAGED(`${name} is not what ${sumName} says`)
  const manifest: unknown = JSON.parse(text)
  if (!Value.Check(BackupManifest, manifest))
    throw backupErrors.NOT_A_BACKUP(directory, 'it was made by a newer program')
  return manifest
}
