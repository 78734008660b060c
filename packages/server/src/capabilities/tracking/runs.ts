import { randomBytes } from 'node:crypto'
import type { RunStatus } from '@trivium/contract'
import { sql } from 'kysely'
import { asReader, type FixedParts, fixedQuery, type Reader, type Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import {
  defaultId,
  requireActiveExperiment,
  requireExperiment,
  requireNotRemoved,
  type TagChange,
  type TrackingDeps,
} from './experiments.ts'
import { originRefs, urnFromTag } from './origin-refs.ts'
import { newRunName } from './run-names.ts'
import type { RunTable } from './tables.ts'
import { runUrn } from './urns.ts'
import './tables.ts'

const finished: readonly RunStatus[] = ['FINISHED', 'FAILED', 'KILLED']

export async function findRun(db: Reader, project: string, id: string): Promise<RunTable | undefined> {
  return db.selectFrom('run').selectAll().where('project_id', '=', project).where('id', '=', id).executeTakeFirst()
}

export async function requireRun(db: Reader, project: string, id: string): Promise<RunTable> {
  const run = await findRun(db, project, id)
  if (!run) throw trackingErrors.RUN_NOT_FOUND(id)
  return run
}

const findRunForWrite = fixedQuery(({ db, value, postgres }: FixedParts<{ project: string; id: string }>) => {
  const select = db
    .selectFrom('run')
    .selectAll()
    .where('project_id', '=', value('project'))
    .where('id', '=', value('id'))
  return postgres ? select.forUpdate() : select
})

/** The run for a write: on Postgres its row is held, so that batches of one run come one after another. */
export async function requireActiveRun(trx: Trx, project: string, id: string): Promise<RunTable> {
  const [run] = await findRunForWrite(trx, { project, id })
  if (!run) throw trackingErrors.RUN_NOT_FOUND(id)
  if (run.lifecycle !== 'active') throw trackingErrors.RUN_NOT_ACTIVE(id)
  return run
}

/** Starts a run in an active experiment; event `run.created`. */
export async function createRun(
  deps: TrackingDeps,
  scope: Scope,
  input: { experiment: string; name?: string; user: string; startTime: number | null; tags: readonly TagChange[] },
): Promise<RunTable> {
  // It is made by its first use; whether any other is there is seen below.
  if (input.experiment === defaultId) await requireExperiment(deps, scope, input.experiment)
  const { db, clock, events } = deps
  const { project } = scope
  const tags = new Map(input.tags.map(({ key, value }) => [key, value]))
  const tagName = tags.get('mlflow.runName')
  if (input.name && tagName && input.name !== tagName) throw trackingErrors.NAME_CONFLICT(input.name, tagName)
  const name = input.name || tagName || newRunName()
  tags.set('mlflow.runName', name)
  const row: RunTable = {
    project_id: project,
    id: randomBytes(16).toString('hex'),
    experiment_id: input.experiment,
    name,
    user_id: input.user,
    status: 'RUNNING',
    lifecycle: 'active',
    start_time: input.startTime,
    end_time: null,
    deleted_at: null,
    created_at: clock(),
    created_by: scope.principal.id,
    parent_id: tags.get('mlflow.parentRunId') || null,
    pipeline_run: urnFromTag(project, 'pipeline-run', scope.principal.run ?? tags.get('trivium.pipelineRun')) ?? null,
  }
  return db.write.transaction().execute(async (trx) => {
    const experiment = await requireActiveExperiment(trx, project, input.experiment)
    const above = row.parent_id === null ? await experimentRun(trx, scope) : undefined
    if (above !== undefined) {
      row.parent_id = above
      tags.set('mlflow.parentRunId', above)
    }
    await db.later(trx, trx.insertInto('run').values(row).compile())
    const tagRows = [...tags].map(([key, value]) => ({ project_id: project, run_id: row.id, key, value }))
    await db.later(trx, trx.insertInto('run_tag').values(tagRows).compile())
    await events.append(trx, {
      project,
      name: 'run.created',
      schema: 1,
      by: scope.principal.id,
      subject: runUrn(project, row.id),
      refs: originRefs(project, { pipelineRun: row.pipeline_run, parent: row.parent_id, tags, inputs: [] }),
      data: { name, experiment: experiment.id, title: `${name} ${experiment.name}`, fact: `${name} running` },
    })
    return row
  })
}

/** The run of an experiment file whose pipeline run this is logged from: what its steps log is nested in it. */
async function experimentRun(trx: Trx, { project, principal }: Scope): Promise<string | undefined> {
  if (principal.run === undefined) return undefined
  const found = await trx
    .selectFrom('run_tag as tag')
    .innerJoin('run_tag as file', (join) =>
      join
        .onRef('file.project_id', '=', 'tag.project_id')
        .onRef('file.run_id', '=', 'tag.run_id')
        .on('file.key', '=', 'trivium.experimentFile'),
    )
    .select('tag.run_id')
    .where('tag.project_id', '=', project)
    .where('tag.key', '=', 'trivium.pipelineRun')
    // As the index has it.
    .where(sql`substr(tag.value, 1, 64)`, '=', principal.run.slice(0, 64))
    .where('tag.value', '=', principal.run)
    .executeTakeFirst()
  return found?.run_id
}

/** Changes status, end or name of an active run; event `run.finished` when it ends. */
export async function updateRun(
  deps: TrackingDeps,
  scope: Scope,
  id: string,
  change: { status?: RunStatus; endTime?: number; name?: string },
): Promise<RunTable> {
  const { project } = scope
  return deps.db.write.transaction().execute(async (trx) => {
    const before = await requireActiveRun(trx, project, id)
    const next: RunTable = {
      ...before,
      status: change.status ?? before.status,
      end_time: change.endTime ?? before.end_time,
      name: change.name || before.name,
    }
    await trx
      .updateTable('run')
      .set({ status: next.status, end_time: next.end_time, name: next.name })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .execute()
    if (next.name !== before.name) await writeTags(trx, project, id, [{ key: 'mlflow.runName', value: next.name }])
    if (finished.includes(next.status) && !finished.includes(before.status))
      await appendFinished(deps, trx, scope, next)
    return next
  })
}

async function appendFinished({ events }: TrackingDeps, trx: Trx, scope: Scope, run: RunTable): Promise<void> {
  const { project } = scope
  const tags = await trx
    .selectFrom('run_tag')
    .select(['key', 'value'])
    .where('project_id', '=', project)
    .where('run_id', '=', run.id)
    .execute()
  const inputs = await trx
    .selectFrom('run_input')
    .select(['urn', 'context'])
    .where('project_id', '=', project)
    .where('run_id', '=', run.id)
    .execute()
  const experiment = await trx
    .selectFrom('experiment')
    .select('name')
    .where('project_id', '=', project)
    .where('id', '=', run.experiment_id)
    .executeTakeFirst()
  await events.append(trx, {
    project,
    name: 'run.finished',
    schema: 1,
    by: scope.principal.id,
    subject: runUrn(project, run.id),
    refs: originRefs(project, {
      pipelineRun: run.pipeline_run,
      parent: run.parent_id,
      tags: new Map(tags.map((t) => [t.key, t.value])),
      inputs,
    }),
    data: {
      name: run.name,
      experiment: run.experiment_id,
      status: run.status,
      title: `${run.name} ${experiment?.name ?? ''}`,
      fact: `${run.name} ${run.status.toLowerCase()}`,
    },
  })
}

/** Moves a run to the trash or brings it back; works on anything, also twice. */
export async function setRunLifecycle(
  { db, clock, events }: TrackingDeps,
  scope: Scope,
  id: string,
  lifecycle: 'active' | 'deleted',
): Promise<void> {
  const { project } = scope
  await db.write.transaction().execute(async (trx) => {
    const run = await requireRun(asReader(trx), project, id)
    if (run.lifecycle === lifecycle) return
    if (lifecycle === 'active') await requireNotRemoved(asReader(trx), project, run.experiment_id)
    await trx
      .updateTable('run')
      .set({ lifecycle, deleted_at: lifecycle === 'deleted' ? clock() : null })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .execute()
    await events.append(trx, {
      project,
      name: lifecycle === 'deleted' ? 'run.deleted' : 'run.restored',
      schema: 1,
      by: scope.principal.id,
      subject: runUrn(project, id),
      refs: [],
      data: { name: run.name },
    })
  })
}

/** Sets tags and what they stand for: the name, the parent and the pipeline run of a run are tags as well. */
export async function writeTags(trx: Trx, project: string, run: string, tags: readonly TagChange[]): Promise<void> {
  if (tags.length === 0) return
  const last = new Map(tags.map(({ key, value }) => [key, value]))
  await trx
    .insertInto('run_tag')
    .values([...last].map(([key, value]) => ({ project_id: project, run_id: run, key, value })))
    .onConflict((c) =>
      c.columns(['project_id', 'run_id', 'key']).doUpdateSet((e) => ({ value: e.ref('excluded.value') })),
    )
    .execute()
  const name = last.get('mlflow.runName')
  const parent = last.get('mlflow.parentRunId')
  const pipelineRun = urnFromTag(project, 'pipeline-run', last.get('trivium.pipelineRun'))
  if (!name && !parent && !pipelineRun) return
  await trx
    .updateTable('run')
    .set({
      ...(name ? { name } : {}),
      ...(parent ? { parent_id: parent } : {}),
      ...(pipelineRun ? { pipeline_run: pipelineRun } : {}),
    })
    .where('project_id', '=', project)
    .where('id', '=', run)
    .execute()
}
