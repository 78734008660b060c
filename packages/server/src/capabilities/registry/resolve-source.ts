import { artifactFiles, type ArtifactOwner, ownerKey, parseArtifactUri, trackingErrors } from '../tracking/index.ts'
import type { Reader } from '../../kernel/db/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import { requireVersion } from './read-models.ts'

/** Files that a version is made of, and where they came from. */
export interface VersionSource {
  /** `run/ID`, `logged-model/ID` or `pipeline-run/ID`, and the directory in it. */
  readonly owner: string
  readonly path: string
  readonly files: VersionFiles
  readonly run: string | null
  readonly loggedModel: string | null
}

/** Where the files of a version are fetched: a place of its own, which never changes. */
export function versionUri(model: string, version: number): string {
  return `mlflow-artifacts:/model-versions/${encodeName(model)}/${version}/artifacts`
}

/** The model and version of such a place. */
export function parseVersionPath(path: string): { model: string; version: number; path: string } | undefined {
  const match = /^\/?model-versions\/([^/]+)\/(\d{1,9})\/artifacts(?:\/(.*))?$/.exec(path)
  return match
    ? { model: decodeName(match[1] ?? ''), version: Number(match[2]), path: (match[3] ?? '').replace(/\/+$/, '') }
    : undefined
}

// Names that a URI would change are kept as base64url behind a tilde.
const encodeName = (name: string): string =>
  /^[\w.-]+$/.test(name) ? name : `~${Buffer.from(name).toString('base64url')}`
const decodeName = (name: string): string =>
  name.startsWith('~') ? Buffer.from(name.slice(1), 'base64url').toString() : name

/** Finds the files that a source names. A source is a logical name inside the project; nothing else is ever opened. */
export async function resolveSource(
  db: Reader,
  project: string,
  source: string,
  hints: { run?: string; loggedModel?: string } = {},
): Promise<VersionSource> {
  const at = parseArtifactUri(source)
  if (at) return ownedFiles(db, project, at.owner, at.path, hints)
  const version = source.startsWith('mlflow-artifacts:')
    ? parseVersionPath(source.slice('mlflow-artifacts:'.length).replace(/^\/+/, ''))
    : undefined
  const model = /^models:\/+([^/]+)\/(\d{1,9})\/?$/.exec(source)
  const named =
    version ??
    (model ? { model: decodeURIComponentSafely(model[1] ?? ''), version: Number(model[2]), path: '' } : undefined)
  if (named) {
    const row = await requireVersion(db, project, named.model, named.version)
    return {
      owner: row.artifact_owner,
      path: row.artifact_path,
      files: JSON.parse(row.files) as VersionFiles,
      run: hints.run ?? row.run_id,
      loggedModel: row.logged_model_id,
    }
  }
  const logged = /^models:\/+(m-[\w-]+)\/?$/.exec(source)
  if (logged) return ownedFiles(db, project, { kind: 'logged-model', id: logged[1] ?? '' }, '', hints)
  const inRun = /^runs:\/+([\w-]+)(?:\/(.*?))?\/?$/.exec(source)
  if (inRun && !/(^|\/)\.\.?(\/|$)/.test(inRun[2] ?? ''))
    return runFiles(db, project, inRun[1] ?? '', inRun[2] ?? '', hints)
  throw registryErrors.BAD_SOURCE(source.slice(0, 500))
}

/** A directory of a run; a model that was logged as MLflow 3 does has its files elsewhere and is found by its name. */
async function runFiles(
  db: Reader,
  project: string,
  run: string,
  path: string,
  hints: { loggedModel?: string },
): Promise<VersionSource> {
  const files = await artifactFiles(db, project, { kind: 'run', id: run }, path)
  if (files.length > 0 || path === '') return ownedFiles(db, project, { kind: 'run', id: run }, path, hints)
  const logged = await db
    .selectFrom('logged_model')
    .select('id')
    .where('project_id', '=', project)
    .where('source_run_id', '=', run)
    .where('name', '=', path)
    .where('lifecycle', '=', 'active')
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return logged
    ? ownedFiles(db, project, { kind: 'logged-model', id: logged.id }, '', { run })
    : ownedFiles(db, project, { kind: 'run', id: run }, path, hints)
}

async function ownedFiles(
  db: Reader,
  project: string,
  owner: ArtifactOwner,
  path: string,
  hints: { run?: string; loggedModel?: string },
): Promise<VersionSource> {
  const run = owner.kind === 'run' ? owner.id : (hints.run ?? (await sourceRun(db, project, owner.id)))
  if (owner.kind === 'run') {
    const found = await db
      .selectFrom('run')
      .select('id')
      .where('project_id', '=', project)
      .where('id', '=', owner.id)
      .executeTakeFirst()
    if (!found) throw trackingErrors.RUN_NOT_FOUND(owner.id)
  }
  const rows = await artifactFiles(db, project, owner, path)
  const prefix = path === '' ? 0 : path.length + 1
  const files = Object.fromEntries(
    rows.map((row) => [
      row.path === path ? (row.path.split('/').at(-1) ?? row.path) : row.path.slice(prefix),
      { digest: row.digest, size: row.size },
    ]),
  )
  if (rows.length === 0) throw registryErrors.NO_FILES(`${ownerKey(owner)}${path === '' ? '' : `/${path}`}`)
  return {
    owner: ownerKey(owner),
    path,
    files,
    run,
    loggedModel: owner.kind === 'logged-model' ? owner.id : (hints.loggedModel ?? null),
  }
}

async function sourceRun(db: Reader, project: string, loggedModel: string): Promise<string | null> {
  const row = await db
    .selectFrom('logged_model')
    .select('source_run_id')
    .where('project_id', '=', project)
    .where('id', '=', loggedModel)
    .executeTakeFirst()
  if (!row) throw trackingErrors.LOGGED_MODEL_NOT_FOUND(loggedModel)
  return row.source_run_id
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
