import type { EventRef, ModelNotes } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, isUniqueViolation, type Trx } from '../../kernel/db/index.ts'
import { digestOf, urn } from '../../kernel/ids/index.ts'
import { actOnce } from '../../kernel/jobs/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { runUrn } from '../tracking/index.ts'
import { describeFiles, type ModelDescription } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import { checkAliasesGo, writeAlias } from './aliases.ts'
import { checkModelName, insertModel, type RegistryDeps } from './models.ts'
import { findModel, requireVersion, versionUrn } from './read-models.ts'
import { signVersion } from './provenance/sign-version.ts'
import type { VersionSource } from './resolve-source.ts'
import { checkVersion, type ProposedVersion } from './strategy.ts'
import type { ModelVersionTable } from './tables.ts'
import { tagEvent } from './tag-event.ts'

/** A version to register. */
export interface NewVersion {
  readonly model: string
  readonly source: VersionSource
  /** The source in the words of whoever registers it. */
  readonly sourceText: string
  readonly description?: string
  readonly tags?: readonly { readonly key: string; readonly value: string }[]
  readonly alias?: string
  readonly runLink?: string
  /** URN of the pipeline run that registers it. */
  readonly pipelineRun?: string
  /** A step's key: whoever comes again with it finds the version that was made. */
  readonly once?: string
  /** Principal ids beside the registrar whose work it is. */
  readonly authors?: readonly string[]
  /** Its run or its pipeline read a dataset. */
  readonly hasDataset?: boolean
  /** A model that does not exist is an error, as MLflow has it; else it is made. */
  readonly mustExist?: boolean
}

const attempts = 5

/** What the strategy of the project is asked about. */
export const proposed = (input: NewVersion, files: ModelDescription): ProposedVersion => ({
  model: input.model,
  tags: input.tags ?? [],
  description: input.description ?? '',
  run: input.source.run,
  hasDataset: input.hasDataset ?? false,
  alias: input.alias,
  files,
})

/** Tells clients of MLflow what the field `unsafe` says; only registration sets it. */
const unsafeTag = 'trivium.unsafe'

/** Registers files as the next version of a model; event `model-version.registered`. Numbers are consecutive, whoever registers at once. */
export async function registerVersion(deps: RegistryDeps, scope: Scope, input: NewVersion): Promise<ModelVersionTable> {
  checkModelName(input.model)
  const description = await describeFiles(deps.blobs, scope.project, input.source.files)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await deps.db.write.transaction().execute((trx) => insertOnce(deps, trx, scope, input, description))
    } catch (error) {
      // Two callers may make the same model at once on Postgres; the second finds it.
      if (!isUniqueViolation(error) || attempt === attempts) throw error
    }
  }
}

async function insertOnce(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  input: NewVersion,
  description: ModelDescription,
): Promise<ModelVersionTable> {
  if (input.once === undefined) return insertVersion(deps, trx, scope, input, description)
  const { project } = scope
  const { result } = await actOnce(trx, { project, key: `${input.once}/register`, at: deps.clock() }, async () => {
    const { model, version } = await insertVersion(deps, trx, scope, input, description)
    return { model, version }
  })
  // Deleted since or not: it was made.
  return trx
    .selectFrom('model_version')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', '=', result.model)
    .where('version', '=', result.version)
    .executeTakeFirstOrThrow()
}

async function insertVersion(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  input: NewVersion,
  description: ModelDescription,
): Promise<ModelVersionTable> {
  const { clock, events } = deps
  const { project, principal } = scope
  const { source, model } = input
  const artifactDigest = digestOf(source.files)
  const known = await findModel(asReader(trx), project, model)
  if (!known && input.mustExist) throw registryErrors.MODEL_NOT_FOUND(model)
  const alias = await checkVersion(asReader(trx), project, proposed(input, description))
  if (!known) await insertModel(deps, trx, scope, { name: model })
  const now = clock()
  // The update holds the model's row until the commit: the numbers have no gaps.
  const numbered = await trx
    .updateTable('model')
    .set((e) => ({ last_version: e('last_version', '+', 1), updated_at: now }))
    .where('project_id', '=', project)
    .where('name', '=', model)
    .returning('last_version')
    .executeTakeFirst()
  if (!numbered) throw registryErrors.MODEL_NOT_FOUND(model)
  const version = numbered.last_version
  const run =
    source.run === null
      ? undefined
      : await trx
          .selectFrom('run')
          .select(['created_by', 'pipeline_run', 'name'])
          .where('project_id', '=', project)
          .where('id', '=', source.run)
          .executeTakeFirst()
  const pipelineRun = input.pipelineRun ?? run?.pipeline_run ?? null
  const authors = new Set([
    principal.onBehalfOf ?? principal.id,
    ...(run ? [run.created_by] : []),
    ...(input.authors ?? []),
  ])
  const row: ModelVersionTable = {
    project_id: project,
    model,
    version,
    state: 'ready',
    stage: 'None',
    description: input.description ?? '',
    source: input.sourceText,
    run_id: source.run,
    run_link: input.runLink ?? '',
    logged_model_id: source.loggedModel,
    pipeline_run: pipelineRun,
    artifact_owner: source.owner,
    artifact_path: source.path,
    artifact_digest: artifactDigest,
    files: JSON.stringify(source.files),
    flavors: JSON.stringify(description.flavors),
    signature: description.signature && JSON.stringify(description.signature),
    onnx: description.onnx,
    gate: null,
    gate_reason: null,
    approval: null,
    approval_item: null,
    authors: JSON.stringify([...authors]),
    deleted_at: null,
    parity: null,
    parity_reason: null,
    notes: '{}',
    pickles: JSON.stringify(description.pickles),
    created_at: now,
    updated_at: now,
    created_by: principal.id,
  }
  await trx.insertInto('model_version').values(row).execute()
  const said = (input.tags ?? []).filter(({ key }) => key !== unsafeTag)
  const tags = description.pickles.length === 0 ? said : [...said, { key: unsafeTag, value: 'pickle' }]
  await signVersion(deps, trx, row)
  for (const { key, value } of new Map(tags.map((tag) => [tag.key, tag])).values()) {
    await trx.insertInto('model_version_tag').values({ project_id: project, model, version, key, value }).execute()
  }
  const owner = versionUrn(project, model, version)
  for (const { digest, size } of Object.values(source.files))
    await addBlobRef(trx, { project, digest, owner, size, at: now })
  const refs: EventRef[] = [
    ...(source.run === null ? [] : [{ rel: 'input' as const, urn: runUrn(project, source.run), as: 'made-by' }]),
    ...(pipelineRun === null ? [] : [{ rel: 'input' as const, urn: pipelineRun, as: 'registered-by' }]),
    ...(source.loggedModel === null
      ? []
      : [{ rel: 'about' as const, urn: urn(project, 'logged-model', source.loggedModel), as: 'logged-as' }]),
  ]
  await events.append(trx, {
    project,
    name: 'model-version.registered',
    schema: 1,
    by: principal.id,
    subject: owner,
    refs,
    data: {
      model,
      version,
      digest: artifactDigest,
      flavors: description.flavors,
      fact: run ? `from ${run.name}` : 'registered',
      title: `${model} v${version}`,
    },
  })
  if (alias !== undefined) await writeAlias(deps, trx, scope, model, alias, version)
  return row
}

/** Changes description, tags or MLflow's stage of a version. */
export async function updateVersion(
  { db, clock, events }: RegistryDeps,
  scope: Scope,
  model: string,
  version: number,
  change: {
    description?: string
    stage?: string
    archiveOthers?: boolean
    notes?: ModelNotes
    tags?: readonly { key: string; value: string | null }[]
  },
): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const notes =
      change.notes &&
      JSON.stringify({
        ...(JSON.parse((await requireVersion(asReader(trx), project, model, version)).notes) as ModelNotes),
        ...change.notes,
      })
    const { numUpdatedRows } = await trx
      .updateTable('model_version')
      .set({
        updated_at: clock(),
        ...(notes === undefined ? {} : { notes }),
        ...(change.description === undefined ? {} : { description: change.description }),
        ...(change.stage === undefined ? {} : { stage: change.stage }),
      })
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw registryErrors.VERSION_NOT_FOUND(model, version)
    if (change.archiveOthers && change.stage !== undefined) {
      await trx
        .updateTable('model_version')
        .set({ stage: 'Archived', updated_at: clock() })
        .where('project_id', '=', project)
        .where('model', '=', model)
        .where('version', '<>', version)
        .where('stage', '=', change.stage)
        .execute()
    }
    for (const { key, value } of change.tags ?? []) {
      if (key === unsafeTag) throw registryErrors.TAG_KEPT(key)
      if (value !== null) {
        await trx
          .insertInto('model_version_tag')
          .values({ project_id: project, model, version, key, value })
          .onConflict((c) => c.columns(['project_id', 'model', 'version', 'key']).doUpdateSet({ value }))
          .execute()
      } else {
        const gone = await trx
          .deleteFrom('model_version_tag')
          .where('project_id', '=', project)
          .where('model', '=', model)
          .where('version', '=', version)
          .where('key', '=', key)
          .executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw registryErrors.TAG_NOT_FOUND(key, `version ${version} of model ${model}`)
      }
      await events.append(trx, tagEvent(scope, { model, version }, { key, value }))
    }
  })
}

/** Deletes a version with its aliases. Its number, its evidence and its place in the lineage stay. */
export async function deleteVersion(
  { db, clock, events }: RegistryDeps,
  scope: Scope,
  model: string,
  version: number,
): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('model_version')
      .set({ deleted_at: clock() })
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw registryErrors.VERSION_NOT_FOUND(model, version)
    await checkAliasesGo(trx, scope, model, version)
    await trx
      .deleteFrom('model_alias')
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version)
      .execute()
    await events.append(trx, {
      project,
      name: 'model-version.deleted',
      schema: 1,
      by: scope.principal.id,
      subject: versionUrn(project, model, version),
      refs: [],
      data: { model, version },
    })
  })
}
