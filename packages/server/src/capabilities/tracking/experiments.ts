import type { Kernel } from '../../kernel/kernel.ts'
import { sql } from 'kysely'
import { asReader, type Database, isUniqueViolation, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import type { ExperimentTable } from './tables.ts'
import './tables.ts'

export type TrackingDeps = Pick<Kernel, 'db' | 'clock' | 'events' | 'volatile' | 'blobs' | 'tables' | 'paths'>

export interface TagChange {
  readonly key: string
  readonly value: string
}

/** The experiment that is there without being made. */
export const defaultId = '0'
const attempts = 5

export function findExperiment(db: Reader, project: string, id: string): Promise<ExperimentTable | undefined> {
  return db
    .selectFrom('experiment')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
}

export function findExperimentByName(db: Reader, project: string, name: string): Promise<ExperimentTable | undefined> {
  return db
    .selectFrom('experiment')
    .selectAll()
    .where('project_id', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** The experiment, also a deleted one. `0` exists in every project from its first use on. */
export async function requireExperiment(deps: TrackingDeps, scope: Scope, id: string): Promise<ExperimentTable> {
  const found = await findExperiment(deps.db.read, scope.project, id)
  if (found) return found
  if (id === defaultId) return ensureDefaultExperiment(deps, scope)
  throw trackingErrors.EXPERIMENT_NOT_FOUND(id)
}

export async function requireExperimentByName(
  deps: TrackingDeps,
  scope: Scope,
  name: string,
): Promise<ExperimentTable> {
  if (name === 'Default') await requireExperiment(deps, scope, defaultId)
  const found = await findExperimentByName(deps.db.read, scope.project, name)
  if (!found) throw trackingErrors.EXPERIMENT_NAME_NOT_FOUND(name)
  return found
}

async function ensureDefaultExperiment({ db, clock }: TrackingDeps, scope: Scope): Promise<ExperimentTable> {
  return db.write.transaction().execute(async (trx) => {
    const now = clock()
    await trx
      .insertInto('experiment')
      .values({
        project_id: scope.project,
        id: defaultId,
        number: 0,
        name: 'Default',
        lifecycle: 'active',
        created_at: now,
        updated_at: now,
        created_by: scope.principal.id,
        deleted_at: null,
      })
      .onConflict((c) => c.doNothing())
      .execute()
    const made = await findExperiment(asReader(trx), scope.project, defaultId)
    if (!made) throw trackingErrors.EXPERIMENT_EXISTS('Default')
    return made
  })
}

/** Makes an experiment; its id is the next number of the project. */
export async function createExperiment(
  deps: TrackingDeps,
  scope: Scope,
  input: { name: string; tags: readonly TagChange[] },
): Promise<ExperimentTable> {
  if (input.name === 'Default') await requireExperiment(deps, scope, defaultId)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await deps.db.write.transaction().execute((trx) => insertExperiment(deps, trx, scope, input))
    } catch (error) {
      // Two callers may take the same name; the second try finds who was first.
      if (!isUniqueViolation(error) || attempt === attempts) throw error
    }
  }
}

async function insertExperiment(
  { db, clock, events }: TrackingDeps,
  trx: Trx,
  scope: Scope,
  { name, tags }: { name: string; tags: readonly TagChange[] },
): Promise<ExperimentTable> {
  const { project } = scope
  const same = await trx
    .selectFrom('experiment')
    .select('id')
    .where('project_id', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
  if (same) throw trackingErrors.EXPERIMENT_EXISTS(name)
  const number = await nextNumber(db, trx, project)
  const now = clock()
  const row: ExperimentTable = {
    project_id: project,
    id: String(number),
    number,
    name,
    lifecycle: 'active',
    created_at: now,
    updated_at: now,
    created_by: scope.principal.id,
    deleted_at: null,
  }
  await trx.insertInto('experiment').values(row).execute()
  for (const tag of tags) await upsertExperimentTag(trx, project, row.id, tag)
  await events.append(trx, {
    project,
    name: 'experiment.created',
    schema: 1,
    by: scope.principal.id,
    subject: urn(project, 'experiment', row.id),
    refs: [],
    data: { name, fact: name },
  })
  return row
}

/** The number after all that experiments of the project have or had. On Postgres whoever wants one waits for those who were given theirs and have not committed. */
export async function nextNumber({ dialect }: Pick<Database, 'dialect'>, trx: Trx, project: string): Promise<number> {
  if (dialect === 'postgres')
    await sql`select pg_advisory_xact_lock(hashtextextended(${`experiment number of ${project}`}, 0))`.execute(trx)
  const newest = (table: 'experiment' | 'removed_experiment') =>
    trx
      .selectFrom(table)
      .select((e) => e.fn.max('number').as('number'))
      .where('project_id', '=', project)
  const tops = await newest('experiment').unionAll(newest('removed_experiment')).execute()
  return Math.max(0, ...tops.map((top) => Number(top.number ?? 0))) + 1
}

export async function renameExperiment(
  { db, clock, events }: TrackingDeps,
  scope: Scope,
  id: string,
  name: string,
): Promise<void> {
  try {
    await db.write.transaction().execute(async (trx) => {
      const experiment = await requireActiveExperiment(trx, scope.project, id)
      if (experiment.name === name) return
      await trx
        .updateTable('experiment')
        .set({ name, updated_at: clock() })
        .where('project_id', '=', scope.project)
        .where('id', '=', id)
        .execute()
      await events.append(trx, {
        project: scope.project,
        name: 'experiment.renamed',
        schema: 1,
        by: scope.principal.id,
        subject: urn(scope.project, 'experiment', id),
        refs: [],
        data: { name, before: experiment.name, fact: name },
      })
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw trackingErrors.EXPERIMENT_EXISTS(name)
    throw error
  }
}

/** Moves an experiment and its runs to the trash, or brings them back. */
export async function setExperimentLifecycle(
  deps: TrackingDeps,
  scope: Scope,
  id: string,
  lifecycle: 'active' | 'deleted',
): Promise<void> {
  await requireExperiment(deps, scope, id)
  const { db, clock, events } = deps
  await db.write.transaction().execute(async (trx) => {
    const { project } = scope
    if (lifecycle === 'active') await requireNotRemoved(asReader(trx), project, id)
    const changed = await trx
      .updateTable('experiment')
      .set({ lifecycle, updated_at: clock(), deleted_at: lifecycle === 'deleted' ? clock() : null })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .where('lifecycle', '<>', lifecycle)
      .executeTakeFirst()
    if (changed.numUpdatedRows === 0n) return
    await trx
      .updateTable('run')
      .set({ lifecycle, deleted_at: lifecycle === 'deleted' ? clock() : null })
      .where('project_id', '=', project)
      .where('experiment_id', '=', id)
      .execute()
    await events.append(trx, {
      project,
      name: lifecycle === 'deleted' ? 'experiment.deleted' : 'experiment.restored',
      schema: 1,
      by: scope.principal.id,
      subject: urn(project, 'experiment', id),
      refs: [],
      data: {},
    })
  })
}

/** Sets tags of an active experiment; a value of null removes one. */
export async function tagExperiment(
  { db, clock }: TrackingDeps,
  scope: Scope,
  id: string,
  tags: readonly { key: string; value: string | null }[],
): Promise<void> {
  await db.write.transaction().execute(async (trx) => {
    await requireActiveExperiment(trx, scope.project, id)
    for (const { key, value } of tags) {
      if (value !== null) await upsertExperimentTag(trx, scope.project, id, { key, value })
      else {
        const gone = await trx
          .deleteFrom('experiment_tag')
          .where('project_id', '=', scope.project)
          .where('experiment_id', '=', id)
          .where('key', '=', key)
          .executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw trackingErrors.EXPERIMENT_TAG_NOT_FOUND(key, id)
      }
    }
    await trx
      .updateTable('experiment')
      .set({ updated_at: clock() })
      .where('project_id', '=', scope.project)
      .where('id', '=', id)
      .execute()
  })
}

/** Throws EXPERIMENT_IS_REMOVED once its removal has begun. */
export async function requireNotRemoved(db: Reader, project: string, id: string): Promise<void> {
  const removed = await db
    .selectFrom('removed_experiment')
    .select('name')
    .where('project_id', '=', project)
    .where('experiment_id', '=', id)
    .executeTakeFirst()
  if (removed) throw trackingErrors.EXPERIMENT_IS_REMOVED(removed.name)
}

export async function requireActiveExperiment(trx: Trx, project: string, id: string): Promise<ExperimentTable> {
  const found = await findExperiment(asReader(trx), project, id)
  if (!found) throw trackingErrors.EXPERIMENT_NOT_FOUND(id)
  if (found.lifecycle !== 'active') throw trackingErrors.EXPERIMENT_NOT_ACTIVE(id)
  return found
}

async function upsertExperimentTag(trx: Trx, project: string, id: string, { key, value }: TagChange): Promise<void> {
  await trx
    .insertInto('experiment_tag')
    .values({ project_id: project, experiment_id: id, key, value })
    .onConflict((c) => c.columns(['project_id', 'experiment_id', 'key']).doUpdateSet({ value }))
    .execute()
}

/** Tags of several experiments by id. */
export async function experimentTags(
  db: Reader,
  project: string,
  ids: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>(ids.map((id) => [id, {}]))
  if (ids.length === 0) return tags
  const rows = await db
    .selectFrom('experiment_tag')
    .select(['experiment_id', 'key', 'value'])
    .where('project_id', '=', project)
    .where('experiment_id', 'in', ids)
    .orderBy('key')
    .execute()
  for (const row of rows) (tags.get(row.experiment_id) as Record<string, string>)[row.key] = row.value
  return tags
}
