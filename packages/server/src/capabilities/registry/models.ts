import type { ModelPolicy } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { asReader, isUniqueViolation, type Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { checkAliasesGo } from './aliases.ts'
import { registryErrors } from './errors.ts'
import { findModel, modelUrn, policyOf, requireModel } from './read-models.ts'
import { checkName } from './strategy.ts'
import { tagEvent } from './tag-event.ts'
import type { ModelTable } from './tables.ts'

export type RegistryDeps = Pick<Kernel, 'db' | 'clock' | 'events' | 'blobs' | 'logger' | 'signingKey'>

/** A tag to set, or to remove where the value is null. */
export interface TagEdit {
  readonly key: string
  readonly value: string | null
}

export function checkModelName(name: string): string {
  if (name.trim() === '' || name.length > 256 || /[/:\p{Cc}]/u.test(name) || name === '.' || name === '..')
    throw registryErrors.BAD_NAME(name.slice(0, 300))
  return name
}

/** Makes a model without versions; a new model asks for no approval. */
export async function createModel(
  deps: RegistryDeps,
  scope: Scope,
  input: { name: string; description?: string; tags?: readonly { key: string; value: string }[] },
): Promise<ModelTable> {
  checkModelName(input.name)
  try {
    return await deps.db.write.transaction().execute(async (trx) => {
      if (await findModel(asReader(trx), scope.project, input.name)) throw registryErrors.MODEL_EXISTS(input.name)
      return insertModel(deps, trx, scope, input)
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw registryErrors.MODEL_EXISTS(input.name)
    throw error
  }
}

export async function insertModel(
  { clock, events }: RegistryDeps,
  trx: Trx,
  scope: Scope,
  input: { name: string; description?: string; tags?: readonly { key: string; value: string }[] },
): Promise<ModelTable> {
  const { project } = scope
  await checkName(asReader(trx), project, input.name)
  const now = clock()
  // A model that was deleted before had versions, whose numbers lineage remembers.
  const before = await trx
    .selectFrom('model_version')
    .select((e) => e.fn.max('version').as('version'))
    .where('project_id', '=', project)
    .where('model', '=', input.name)
    .executeTakeFirst()
  const row: ModelTable = {
    project_id: project,
    name: input.name,
    description: input.description ?? '',
    approval_policy: 'none',
    productive: 0,
    retraining: null,
    last_version: before?.version ?? 0,
    created_at: now,
    updated_at: now,
    created_by: scope.principal.id,
  }
  await trx.insertInto('model').values(row).execute()
  await writeModelTags(trx, project, input.name, input.tags ?? [])
  await events.append(trx, {
    project,
    name: 'model.created',
    schema: 1,
    by: scope.principal.id,
    subject: modelUrn(project, input.name),
    refs: [],
    data: { name: input.name },
  })
  return row
}

export async function updateModel(
  { db, clock, events }: RegistryDeps,
  scope: Scope,
  name: string,
  change: { description?: string; tags?: readonly TagEdit[] },
): Promise<ModelTable> {
  const { project } = scope
  return db.write.transaction().execute(async (trx) => {
    await requireModel(asReader(trx), project, name)
    await trx
      .updateTable('model')
      .set({ updated_at: clock(), ...(change.description === undefined ? {} : { description: change.description }) })
      .where('project_id', '=', project)
      .where('name', '=', name)
      .execute()
    await writeModelTags(trx, project, name, change.tags ?? [])
    for (const edit of change.tags ?? []) await events.append(trx, tagEvent(scope, { model: name }, edit))
    return requireModel(asReader(trx), project, name)
  })
}

/** Only a model without versions can be renamed: a version's name is its identity. */
export async function renameModel(
  { db, clock, events }: RegistryDeps,
  scope: Scope,
  name: string,
  next: string,
): Promise<ModelTable> {
  const { project } = scope
  checkModelName(next)
  return db.write.transaction().execute(async (trx) => {
    await checkName(asReader(trx), project, next)
    const model = await requireModel(asReader(trx), project, name)
    if (next === name) return model
    if (model.last_version > 0) throw registryErrors.RENAME_HAS_VERSIONS(name)
    if (await findModel(asReader(trx), project, next)) throw registryErrors.MODEL_EXISTS(next)
    await trx
      .updateTable('model')
      .set({ name: next, updated_at: clock() })
      .where('project_id', '=', project)
      .where('name', '=', name)
      .execute()
    await trx
      .updateTable('model_tag')
      .set({ model: next })
      .where('project_id', '=', project)
      .where('model', '=', name)
      .execute()
    await events.append(trx, {
      project,
      name: 'model.renamed',
      schema: 1,
      by: scope.principal.id,
      subject: modelUrn(project, next),
      refs: [],
      data: { before: name },
    })
    return requireModel(asReader(trx), project, next)
  })
}

/** Deletes a model with its aliases; numbers of its versions stay taken, should it come again. */
export async function deleteModel({ db, clock, events }: RegistryDeps, scope: Scope, name: string): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const model = await requireModel(asReader(trx), project, name)
    await checkAliasesGo(trx, scope, name)
    if (model.last_version > 0) {
      await trx
        .updateTable('model_version')
        .set({ deleted_at: clock() })
        .where('project_id', '=', project)
        .where('model', '=', name)
        .where('deleted_at', 'is', null)
        .execute()
    }
    await trx.deleteFrom('model_alias').where('project_id', '=', project).where('model', '=', name).execute()
    await trx.deleteFrom('model_tag').where('project_id', '=', project).where('model', '=', name).execute()
    await trx.deleteFrom('model').where('project_id', '=', project).where('name', '=', name).execute()
    await events.append(trx, {
      project,
      name: 'model.deleted',
      schema: 1,
      by: scope.principal.id,
      subject: modelUrn(project, name),
      refs: [],
      data: { name },
    })
  })
}

export async function setPolicy(
  { db, clock, events }: RegistryDeps,
  scope: Scope,
  name: string,
  change: Partial<ModelPolicy>,
): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const model = await requireModel(asReader(trx), project, name)
    const before = policyOf(model)
    const policy: ModelPolicy = { ...before, ...change }
    if (JSON.stringify(policy) === JSON.stringify(before)) return
    await trx
      .updateTable('model')
      .set({
        approval_policy: policy.approval,
        productive: policy.productive ? 1 : 0,
        retraining: policy.retraining,
        updated_at: clock(),
      })
      .where('project_id', '=', project)
      .where('name', '=', name)
      .execute()
    await events.append(trx, {
      project,
      name: 'model.policy-set',
      schema: 1,
      by: scope.principal.id,
      subject: modelUrn(project, name),
      refs: [],
      data: { name, ...policy, before },
    })
  })
}

async function writeModelTags(trx: Trx, project: string, name: string, tags: readonly TagEdit[]): Promise<void> {
  for (const { key, value } of tags) {
    if (value === null) {
      const gone = await trx
        .deleteFrom('model_tag')
        .where('project_id', '=', project)
        .where('model', '=', name)
        .where('key', '=', key)
        .executeTakeFirst()
      if (gone.numDeletedRows === 0n) throw registryErrors.TAG_NOT_FOUND(key, `model ${name}`)
    } else
      await trx
        .insertInto('model_tag')
        .values({ project_id: project, model: name, key, value })
        .onConflict((c) => c.columns(['project_id', 'model', 'key']).doUpdateSet({ value }))
        .execute()
  }
}
