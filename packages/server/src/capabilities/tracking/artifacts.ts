import type { Readable } from 'node:stream'
import type { ArtifactEntry } from '@trivium/contract'
import { type Expression, type SqlBool, sql } from 'kysely'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { artifactPath } from './artifact-path.ts'
import { trackingErrors } from './errors.ts'
import type { TrackingDeps } from './experiments.ts'
import { requireLoggedModel } from './logged-models.ts'
import { requireActiveRun, requireRun } from './runs.ts'
import type { ArtifactFileTable } from './tables.ts'
import { type ArtifactOwner, ownerKey, ownerUrn } from './urns.ts'

/** Throws when the owner does not exist, or belongs to another experiment than the path says. */
export async function requireOwner(
  db: Reader,
  project: string,
  owner: ArtifactOwner,
  experiment?: string,
): Promise<void> {
  const row =
    owner.kind === 'run'
      ? await requireRun(db, project, owner.id)
      : await requireLoggedModel(db, project, owner.id, { allowDeleted: true })
  if (experiment !== undefined && row.experiment_id !== experiment)
    throw trackingErrors.ARTIFACT_NOT_FOUND(`${experiment}/${owner.id}`)
}

/** Bytes, or content that the caller has just stored: an upload in parts. */
export type ArtifactContent = Readable | Uint8Array | { readonly digest: string; readonly size: number }

/** Stores a file of a run or logged model: first the content, durable, then the row that names it. Nothing of a failed upload is seen. */
export async function putArtifact(
  deps: TrackingDeps,
  scope: Scope,
  owner: ArtifactOwner,
  path: string,
  content: ArtifactContent,
): Promise<{ digest: string; size: number }> {
  await requireOwner(deps.db.read, scope.project, owner)
  return storeArtifact(deps, scope.project, owner, path, content, async (trx) => {
    if (owner.kind === 'run') await requireActiveRun(trx, scope.project, owner.id)
  })
}

/** Stores a file of whoever keeps files. `hold` throws where the owner is gone by now, in the transaction that names the file. */
export async function storeArtifact(
  { db, clock, blobs }: Pick<TrackingDeps, 'db' | 'clock' | 'blobs'>,
  project: string,
  owner: ArtifactOwner,
  path: string,
  content: ArtifactContent,
  hold: (trx: Trx) => Promise<void>,
): Promise<{ digest: string; size: number }> {
  artifactPath(path)
  const { digest, size } = 'digest' in content ? content : await blobs.put(project, content)
  await db.write.transaction().execute(async (trx) => {
    await hold(trx)
    await refuseCollision(trx, project, owner, path)
    const before = await trx
      .selectFrom('artifact_file')
      .select('digest')
      .where('project_id', '=', project)
      .where('owner', '=', ownerKey(owner))
      .where('path', '=', path)
      .executeTakeFirst()
    const row: ArtifactFileTable = {
      project_id: project,
      owner: ownerKey(owner),
      path,
      digest,
      size,
      created_at: clock(),
    }
    await trx
      .insertInto('artifact_file')
      .values(row)
      .onConflict((c) =>
        c.columns(['project_id', 'owner', 'path']).doUpdateSet({ digest, size, created_at: row.created_at }),
      )
      .execute()
    await addBlobRef(trx, { project, digest, owner: ownerUrn(project, owner), size, at: clock() })
    if (before && before.digest !== digest) await dropUnusedRefs(trx, project, owner, [before.digest])
  })
  return { digest, size }
}

/** A path is a file or a directory, not both. */
export async function refuseCollision(trx: Trx, project: string, owner: ArtifactOwner, path: string): Promise<void> {
  const segments = path.split('/')
  const above = segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'))
  const found = await trx
    .selectFrom('artifact_file')
    .select('path')
    .where('project_id', '=', project)
    .where('owner', '=', ownerKey(owner))
    .where((e) => e.or([...(above.length > 0 ? [e('path', 'in', above)] : []), below(path)]))
    .limit(1)
    .executeTakeFirst()
  if (found) throw trackingErrors.ARTIFACT_IN_THE_WAY(path, found.path)
}

/** The file at a path, or the files below it (a directory), by path. */
export async function artifactFiles(
  db: Reader,
  project: string,
  owner: ArtifactOwner,
  directory: string,
): Promise<ArtifactFileTable[]> {
  let select = db
    .selectFrom('artifact_file')
    .selectAll()
    .where('project_id', '=', project)
    .where('owner', '=', ownerKey(owner))
  if (directory !== '') select = select.where((e) => e.or([e('path', '=', directory), below(directory)]))
  return (await select.execute()).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** True for paths inside a directory, whatever the database's collation. */
function below(directory: string): Expression<SqlBool> {
  const prefix = `${directory}/`
  return sql<SqlBool>`substr(path, 1, ${Array.from(prefix).length}) = ${prefix}`
}

/** What a directory holds: files and directories, directories with the size of everything in them. Empty for a file and for what does not exist, as MLflow has it. */
export async function listArtifacts(
  db: Reader,
  project: string,
  owner: ArtifactOwner,
  directory: string,
  recursive: boolean,
): Promise<ArtifactEntry[]> {
  return entriesIn(await artifactFiles(db, project, owner, directory), directory, recursive)
}

/** The entries of a directory, from a flat list of files. */
export function entriesIn(
  all: readonly { path: string; digest: string; size: number }[],
  directory: string,
  recursive: boolean,
): ArtifactEntry[] {
  const prefix = directory === '' ? '' : `${directory}/`
  const directories = new Map<string, number>()
  const entries: ArtifactEntry[] = []
  for (const file of all) {
    if (!file.path.startsWith(prefix)) continue
    const parts = file.path.slice(prefix.length).split('/')
    const depth = recursive ? parts.length - 1 : Math.min(1, parts.length - 1)
    for (let i = 1; i <= depth; i += 1) {
      const path = prefix + parts.slice(0, i).join('/')
      directories.set(path, (directories.get(path) ?? 0) + file.size)
    }
    if (recursive || parts.length === 1)
      entries.push({ path: file.path, isDirectory: false, size: file.size, digest: file.digest })
  }
  for (const [path, size] of directories) entries.push({ path, isDirectory: true, size, digest: null })
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

export async function requireArtifact(
  db: Reader,
  project: string,
  owner: ArtifactOwner,
  path: string,
): Promise<ArtifactFileTable> {
  const [first] = path === '' ? [] : await artifactFiles(db, project, owner, artifactPath(path))
  if (!first) throw trackingErrors.ARTIFACT_NOT_FOUND(path)
  if (first.path !== path) throw trackingErrors.ARTIFACT_IS_DIRECTORY(path)
  return first
}

/** Removes a file, or a directory with everything below it. Removing what is not there does nothing. */
export async function deleteArtifacts(
  deps: TrackingDeps,
  scope: Scope,
  owner: ArtifactOwner,
  path: string,
): Promise<void> {
  const { project } = scope
  await deps.db.write.transaction().execute(async (trx) => {
    if (owner.kind === 'run') await requireActiveRun(trx, project, owner.id)
    await removeArtifacts(trx, project, owner, path)
  })
}

/** The same for whoever keeps files, in a transaction that holds the owner. */
export async function removeArtifacts(trx: Trx, project: string, owner: ArtifactOwner, path: string): Promise<void> {
  const files = await artifactFiles(asReader(trx), project, owner, path)
  for (let start = 0; start < files.length; start += 500) {
    await trx
      .deleteFrom('artifact_file')
      .where('project_id', '=', project)
      .where('owner', '=', ownerKey(owner))
      .where(
        'path',
        'in',
        files.slice(start, start + 500).map((f) => f.path),
      )
      .execute()
  }
  await dropUnusedRefs(trx, project, owner, [...new Set(files.map((f) => f.digest))])
}

/** Lets go of contents that no path of the owner names any more. */
export async function dropUnusedRefs(
  trx: Trx,
  project: string,
  owner: ArtifactOwner,
  digests: readonly string[],
): Promise<void> {
  for (const digest of digests) {
    const used = await trx
      .selectFrom('artifact_file')
      .select('path')
      .where('project_id', '=', project)
      .where('owner', '=', ownerKey(owner))
      .where('digest', '=', digest)
      .limit(1)
      .executeTakeFirst()
    if (!used)
      await trx
        .deleteFrom('blob_ref')
        .where('project_id', '=', project)
        .where('digest', '=', digest)
        .where('owner', '=', ownerUrn(project, owner))
        .execute()
  }
}
