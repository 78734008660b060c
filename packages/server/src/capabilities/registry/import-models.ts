import type { EventRef, ImportedModel, ImportedVersion } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import { digestOf } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { artifactFiles, type Refusal, runUrn } from '../tracking/index.ts'
import { describeFiles, type ModelDescription, type VersionFiles } from './describe-files.ts'
import { writeAlias } from './aliases.ts'
import { checkModelName, type RegistryDeps } from './models.ts'
import { signVersion } from './provenance/sign-version.ts'
import { findModel, modelUrn, versionUrn } from './read-models.ts'
import { checkName } from './strategy.ts'

/** The files of a version and what they say, read before the transaction. */
interface Prepared {
  readonly files: VersionFiles
  readonly description: ModelDescription
}

/**
 * Writes registered models and versions of a source with their numbers and times. What is there already stays; tags and descriptions that the project lacks are
 * added. Aliases are set as anybody sets them: the rules of the project hold. Events `model.imported`, `model-version.imported`, once each.
 */
export async function importModels(
  deps: RegistryDeps,
  scope: Scope,
  models: readonly ImportedModel[],
): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const model of models) {
    try {
      checkModelName(model.name)
      const prepared = new Map<number, Prepared>()
      for (const version of model.versions) prepared.set(version.version, await prepare(deps, scope, version))
      const more = await deps.db.write.transaction().execute((trx) => importModel(deps, trx, scope, model, prepared))
      refused.push(...more)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      refused.push({ what: `model "${model.name}"`, why: error.message })
      continue
    }
    for (const [alias, version] of Object.entries(model.aliases)) {
      try {
        await deps.db.write.transaction().execute((trx) => aliasOnce(deps, trx, scope, model.name, alias, version))
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error
        refused.push({ what: `alias "${alias}" of model "${model.name}"`, why: error.message })
      }
    }
  }
  return refused
}

async function prepare(deps: RegistryDeps, scope: Scope, version: ImportedVersion): Promise<Prepared> {
  const { files: from } = version
  const nothing = await describeFiles(deps.blobs, scope.project, {})
  if (from === null) return { files: {}, description: nothing }
  const rows = await artifactFiles(deps.db.read, scope.project, { kind: from.owner, id: from.id }, from.path)
  const prefix = from.path === '' ? 0 : from.path.length + 1
  const files = Object.fromEntries(
    rows.map((row) => [
      row.path === from.path ? (row.path.split('/').at(-1) ?? row.path) : row.path.slice(prefix),
      { digest: row.digest, size: row.size },
    ]),
  )
  try {
    return { files, description: await describeFiles(deps.blobs, scope.project, files) }
  } catch (error) {
    // A broken MLmodel file is content as any other: the version says nothing of flavours then.
    if (error instanceof AppError && error.status < 500) return { files, description: nothing }
    throw error
  }
}

async function importModel(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  model: ImportedModel,
  prepared: ReadonlyMap<number, Prepared>,
): Promise<Refusal[]> {
  const { clock, events } = deps
  const { project, principal } = scope
  const { name } = model
  const createdAt = model.createdAt ?? clock()
  const updatedAt = model.updatedAt ?? createdAt
  const before = await findModel(asReader(trx), project, name)
  if (!before) {
    await checkName(asReader(trx), project, name)
    await trx
      .insertInto('model')
      .values({
        project_id: project,
        name,
        description: model.description,
        approval_policy: 'none',
        productive: 0,
        retraining: null,
        last_version: model.lastVersion,
        created_at: createdAt,
        updated_at: updatedAt,
        created_by: principal.id,
      })
      .execute()
    await events.append(trx, {
      project,
      name: 'model.imported',
      schema: 1,
      by: principal.id,
      subject: modelUrn(project, name),
      refs: [],
      data: { name, createdAt },
    })
  } else
    await trx
      .updateTable('model')
      .set({
        last_version: Math.max(before.last_version, model.lastVersion),
        ...(before.description === '' ? { description: model.description } : {}),
      })
      .where('project_id', '=', project)
      .where('name', '=', name)
      .execute()
  const tags = Object.entries(model.tags).map(([key, value]) => ({ project_id: project, model: name, key, value }))
  if (tags.length > 0)
    await trx
      .insertInto('model_tag')
      .values(tags)
      .onConflict((c) => c.doNothing())
      .execute()
  const refused: Refusal[] = []
  for (const version of model.versions) {
    const found = prepared.get(version.version)
    const problem = found && (await importVersion(deps, trx, scope, name, version, found))
    if (problem) refused.push({ what: `version ${version.version} of model "${name}"`, why: problem })
  }
  return refused
}

/** Returns why the version cannot be taken. */
async function importVersion(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  model: string,
  version: ImportedVersion,
  { files, description }: Prepared,
): Promise<string | undefined> {
  const { clock, events } = deps
  const { project, principal } = scope
  const before = await trx
    .selectFrom('model_version')
    .select(['source', 'created_at', 'deleted_at'])
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version.version)
    .executeTakeFirst()
  const createdAt = version.createdAt ?? clock()
  if (before && before.deleted_at !== null)
    return 'a version with this number was deleted here; numbers are never used again'
  if (before && (before.source !== version.source || before.created_at !== createdAt))
    return 'the project has another version with this number'
  if (before) {
    await trx
      .updateTable('model_version')
      .set({ description: version.description, stage: version.stage, updated_at: version.updatedAt ?? createdAt })
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version.version)
      .execute()
    await writeTags(trx, project, model, version)
    return undefined
  }
  const artifactDigest = digestOf(files)
  const { files: from } = version
  await trx
    .insertInto('model_version')
    .values({
      project_id: project,
      model,
      version: version.version,
      state: version.state,
      stage: version.stage,
      description: version.description,
      source: version.source,
      run_id: version.run,
      run_link: version.runLink,
      logged_model_id: version.loggedModel,
      pipeline_run: null,
      artifact_owner:
        from === null ? (version.run === null ? 'import' : `run/${version.run}`) : `${from.owner}/${from.id}`,
      artifact_path: from?.path ?? '',
      artifact_digest: artifactDigest,
      files: JSON.stringify(files),
      flavors: JSON.stringify(description.flavors),
      signature: description.signature && JSON.stringify(description.signature),
      onnx: description.onnx,
      gate: null,
      gate_reason: null,
      approval: null,
      approval_item: null,
      authors: JSON.stringify([principal.onBehalfOf ?? principal.id]),
      deleted_at: null,
      notes: '{}',
      pickles: JSON.stringify(description.pickles),
      created_at: createdAt,
      updated_at: version.updatedAt ?? createdAt,
      created_by: principal.id,
    })
    .execute()
  await signVersion(deps, trx, { project_id: project, model, version: version.version, files: JSON.stringify(files) })
  await writeTags(trx, project, model, version)
  const owner = versionUrn(project, model, version.version)
  for (const { digest, size } of Object.values(files))
    await addBlobRef(trx, { project, digest, owner, size, at: clock() })
  const refs: EventRef[] =
    version.run === null ? [] : [{ rel: 'input', urn: runUrn(project, version.run), as: 'made-by' }]
  await events.append(trx, {
    project,
    name: 'model-version.imported',
    schema: 1,
    by: principal.id,
    subject: owner,
    refs,
    ...(createdAt < 0 ? {} : { eventTime: createdAt }),
    data: {
      model,
      version: version.version,
      digest: artifactDigest,
      flavors: description.flavors,
      createdAt,
      fact: 'imported',
      title: `${model} v${version.version}`,
    },
  })
  return undefined
}

async function writeTags(trx: Trx, project: string, model: string, version: ImportedVersion): Promise<void> {
  for (const [key, value] of Object.entries(version.tags))
    await trx
      .insertInto('model_version_tag')
      .values({ project_id: project, model, version: version.version, key, value })
      .onConflict((c) => c.columns(['project_id', 'model', 'version', 'key']).doUpdateSet({ value }))
      .execute()
}

/** An alias that somebody set here stays where it is, as long as nobody takes it away. */
async function aliasOnce(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  model: string,
  alias: string,
  version: number,
): Promise<void> {
  const there = await trx
    .selectFrom('model_version')
    .select('version')
    .where('project_id', '=', scope.project)
    .where('model', '=', model)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  // Its version comes with a later batch.
  if (there) await writeAlias(deps, trx, scope, model, alias, version)
}
