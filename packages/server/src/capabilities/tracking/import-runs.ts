import type { ImportedExperiment, ImportedRun, ImportedSeries } from '@trivium/contract'
import { asReader, type Database, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { ArchivedPoints } from './archive/archived-points.ts'
import { nextNumber, requireNotRemoved, type TrackingDeps } from './experiments.ts'
import type { StoredPoint } from './fold-points.ts'
import { logMetrics } from './log-metrics.ts'
import { originRefs } from './origin-refs.ts'
import type { ExperimentTable, RunTable } from './tables.ts'
import { runUrn } from './urns.ts'

/** Something of a source that the project does not take, and why. */
export interface Refusal {
  readonly what: string
  readonly why: string
}

type Deps = Pick<TrackingDeps, 'db' | 'clock' | 'events'>

/**
 * Makes the experiments of a source, with their times, and with their ids where those are free. One with a name that the project has already is that experiment; its
 * own tags stay. Returns where each went; `made` says whether it is new.
 */
export async function importExperiments(
  { db, clock, events }: Deps,
  trx: Trx,
  scope: Scope,
  list: readonly ImportedExperiment[],
): Promise<{ sourceId: string; id: string; made: boolean }[]> {
  const { project, principal } = scope
  const placed: { sourceId: string; id: string; made: boolean }[] = []
  for (const one of list) {
    const same = await trx
      .selectFrom('experiment')
      .select('id')
      .where('project_id', '=', project)
      .where('name', '=', one.name)
      .executeTakeFirst()
    if (same) await requireNotRemoved(asReader(trx), project, same.id)
    const made = same ? undefined : await freePlace(db, trx, project, one.id)
    const now = clock()
    if (made) {
      const row: ExperimentTable = {
        project_id: project,
        ...made,
        name: one.name,
        lifecycle: one.lifecycle,
        created_at: one.createdAt ?? now,
        updated_at: one.updatedAt ?? one.createdAt ?? now,
        created_by: principal.id,
        // What is deleted at the source goes to the trash now, as its runs do.
        deleted_at: one.lifecycle === 'deleted' ? now : null,
      }
      await trx.insertInto('experiment').values(row).execute()
      await events.append(trx, {
        project,
        name: 'experiment.imported',
        schema: 1,
        by: principal.id,
        subject: urn(project, 'experiment', row.id),
        refs: [],
        data: { name: one.name, createdAt: row.created_at, fact: one.name },
      })
    }
    const id = made?.id ?? same?.id ?? one.id
    const tags = Object.entries(one.tags).map(([key, value]) => ({
      project_id: project,
      experiment_id: id,
      key,
      value,
    }))
    if (tags.length > 0)
      await trx
        .insertInto('experiment_tag')
        .values(tags)
        .onConflict((c) => c.doNothing())
        .execute()
    placed.push({ sourceId: one.id, id, made: made !== undefined })
  }
  return placed
}

/** The id and number that it had, where no experiment of the project has or had them; else the next number. */
async function freePlace(
  db: Pick<Database, 'dialect'>,
  trx: Trx,
  project: string,
  id: string,
): Promise<{ id: string; number: number }> {
  const wanted = /^[1-9]\d{0,8}$|^0$/.test(id) ? Number(id) : undefined
  const active = await trx
    .selectFrom('experiment')
    .select('id')
    .where('project_id', '=', project)
    .where((e) => e.or([e('id', '=', id), ...(wanted === undefined ? [] : [e('number', '=', wanted)])]))
    .execute()
  const removed = await trx
    .selectFrom('removed_experiment')
    .select('experiment_id as id')
    .where('project_id', '=', project)
    .where((e) => e.or([e('experiment_id', '=', id), ...(wanted === undefined ? [] : [e('number', '=', wanted)])]))
    .execute()
  const taken = [...active, ...removed]
  if (taken.length === 0 && wanted !== undefined) return { id, number: wanted }
  const number = await nextNumber(db, trx, project)
  return { id: taken.some((row) => row.id === id) ? String(number) : id, number }
}

/**
 * Writes runs of a source with their ids and times: one that is there already is brought up to date. Its parameters, tags and inputs become those of the source.
 * `experiments` says where those of the source went. Event `run.imported`, once a run.
 */
export async function importRuns(
  deps: Deps,
  trx: Trx,
  scope: Scope,
  runs: readonly ImportedRun[],
  experiments: ReadonlyMap<string, string>,
): Promise<Refusal[]> {
  const { db, clock, events } = deps
  const { project, principal } = scope
  const refused: Refusal[] = []
  if (runs.length === 0) return refused
  const known = new Map(
    (
      await trx
        .selectFrom('run')
        .select(['id', 'experiment_id', 'start_time', 'deleted_at', 'lifecycle'])
        .where('project_id', '=', project)
        .where(
          'id',
          'in',
          runs.map(({ id }) => id),
        )
        .execute()
    ).map((row) => [row.id, row]),
  )
  const fresh: RunTable[] = []
  const taken: ImportedRun[] = []
  for (const run of runs) {
    const experiment = experiments.get(run.experiment)
    const before = known.get(run.id)
    if (experiment === undefined) {
      refused.push({ what: `run ${run.id}`, why: `its experiment ${run.experiment} was not sent` })
      continue
    }
    if (before && (before.experiment_id !== experiment || before.start_time !== run.startTime)) {
      refused.push({
        what: `run ${run.id}`,
        why: `the project has another run with this id, in experiment ${before.experiment_id}`,
      })
      continue
    }
    taken.push(run)
    // What is deleted at the source goes to the trash now: it stays there as long as anything that is deleted today.
    const deletedAt = run.lifecycle === 'deleted' ? (before?.deleted_at ?? clock()) : null
    if (before)
      await trx
        .updateTable('run')
        .set({
          name: run.name,
          status: run.status,
          end_time: run.endTime,
          lifecycle: run.lifecycle,
          deleted_at: deletedAt,
          parent_id: run.tags['mlflow.parentRunId'] || null,
        })
        .where('project_id', '=', project)
        .where('id', '=', run.id)
        .execute()
    else
      fresh.push({
        project_id: project,
        id: run.id,
        experiment_id: experiment,
        name: run.name,
        user_id: run.user,
        status: run.status,
        lifecycle: run.lifecycle,
        start_time: run.startTime,
        end_time: run.endTime,
        deleted_at: deletedAt,
        created_at: run.startTime ?? clock(),
        created_by: principal.id,
        parent_id: run.tags['mlflow.parentRunId'] || null,
        pipeline_run: null,
      })
  }
  const columns = [
    'project_id',
    'id',
    'experiment_id',
    'name',
    'user_id',
    'status',
    'lifecycle',
    'start_time',
    'end_time',
    'deleted_at',
    'created_at',
    'created_by',
    'parent_id',
    'pipeline_run',
  ] as const
  await db.bulkInsert(
    trx,
    'run',
    columns,
    fresh.map((row) => columns.map((column) => row[column])),
  )
  await replaceParts(deps, trx, project, taken, new Set(known.keys()), experiments)
  for (const run of taken) {
    if (known.has(run.id)) continue
    await events.append(trx, {
      project,
      name: 'run.imported',
      schema: 1,
      by: principal.id,
      subject: runUrn(project, run.id),
      ...(run.startTime === null || run.startTime < 0 ? {} : { eventTime: run.startTime }),
      refs: originRefs(project, {
        pipelineRun: null,
        parent: run.tags['mlflow.parentRunId'] ?? null,
        tags: new Map(Object.entries(run.tags)),
        inputs: [],
      }),
      data: {
        name: run.name,
        experiment: experiments.get(run.experiment) ?? '',
        status: run.status,
        startedAt: run.startTime,
        endedAt: run.endTime,
        title: run.name,
        fact: `${run.name} ${run.status.toLowerCase()}`,
      },
    })
  }
  return refused
}

/** Parameters, tags, datasets and models of runs: those of the source and no others. */
async function replaceParts(
  { db }: Pick<Deps, 'db'>,
  trx: Trx,
  project: string,
  runs: readonly ImportedRun[],
  known: ReadonlySet<string>,
  experiments: ReadonlyMap<string, string>,
): Promise<void> {
  const old = runs.filter(({ id }) => known.has(id)).map(({ id }) => id)
  if (old.length > 0)
    for (const table of ['run_param', 'run_tag', 'run_input', 'run_model'] as const)
      await trx.deleteFrom(table).where('project_id', '=', project).where('run_id', 'in', old).execute()
  const pairs = (of: 'params' | 'tags') =>
    runs.flatMap((run) => Object.entries(run[of]).map(([key, value]) => [project, run.id, key, value]))
  const keyed = ['project_id', 'run_id', 'key', 'value'] as const
  await db.bulkInsert(trx, 'run_param', keyed, pairs('params'))
  await db.bulkInsert(trx, 'run_tag', keyed, pairs('tags'))
  const inputs = runs.flatMap((run) => run.datasets.map((dataset) => ({ run, dataset })))
  await db.bulkInsert(
    trx,
    'run_dataset',
    ['project_id', 'experiment_id', 'name', 'digest', 'source_type', 'source', 'schema', 'profile'],
    inputs.map(({ run, dataset }) => [
      project,
      experiments.get(run.experiment) ?? '',
      dataset.name,
      dataset.digest,
      dataset.sourceType,
      dataset.source,
      dataset.schema,
      dataset.profile,
    ]),
    { onConflict: 'ignore' },
  )
  await db.bulkInsert(
    trx,
    'run_input',
    ['project_id', 'run_id', 'name', 'digest', 'experiment_id', 'context', 'tags', 'urn'],
    inputs.map(({ run, dataset }) => [
      project,
      run.id,
      dataset.name,
      dataset.digest,
      experiments.get(run.experiment) ?? '',
      dataset.tags.find((tag) => tag.key === 'mlflow.data.context')?.value ?? null,
      JSON.stringify(dataset.tags),
      null,
    ]),
    { onConflict: 'ignore' },
  )
  await db.bulkInsert(
    trx,
    'run_model',
    ['project_id', 'run_id', 'direction', 'model_id', 'step'],
    runs.flatMap((run) => run.models.map(({ direction, model, step }) => [project, run.id, direction, model, step])),
    { onConflict: 'ignore' },
  )
}

/** Adds points to runs that were imported before, also to deleted ones. Points that are there are ignored. Inside `withArchivedPoints`. */
export async function importSeries(
  { db }: Pick<Deps, 'db'>,
  trx: Trx,
  { project }: Scope,
  series: readonly ImportedSeries[],
  archived: ArchivedPoints,
): Promise<Refusal[]> {
  const refused: Refusal[] = []
  if (series.length === 0) return refused
  const byRun = Map.groupBy(series, ({ run }) => run)
  const select = trx
    .selectFrom('run')
    .select('id')
    .where('project_id', '=', project)
    .where('id', 'in', [...byRun.keys()])
    .orderBy('id')
  const runs = new Set((await (db.dialect === 'postgres' ? select.forUpdate() : select).execute()).map(({ id }) => id))
  for (const [run, list] of byRun) {
    if (!runs.has(run)) refused.push({ what: `metrics of run ${run}`, why: 'the run is not in the project' })
    else await logMetrics(db, trx, project, run, list.flatMap(pointsOf), archived)
  }
  return refused
}

function pointsOf({ key, steps, timestamps, values }: ImportedSeries): StoredPoint[] {
  return steps.map((step, index) => {
    const value = values[index] ?? null
    return {
      key,
      step,
      timestamp: timestamps[index] as number,
      // -0 and 0 are one point.
      value: value === null || value === 0 ? 0 : value,
      isNan: value === null ? 1 : 0,
    }
  })
}
