import type { TrashedExperiment, TrashedRun } from '@trivium/contract'
import { type ExpressionBuilder, sql } from 'kysely'
import type { Reader, Tables } from '../../../kernel/db/index.ts'
import { ownerKey } from '../urns.ts'
import type { TrashHolders } from './held-runs.ts'
import '../tables.ts'

/** Where a page of deleted runs ends. */
export interface TrashPlace {
  readonly at: number
  readonly id: string
}

const runsAtOnce = 500

/** Deleted experiments, the last deleted first. An experiment is held when one of its runs is. */
export async function trashedExperiments(
  db: Reader,
  project: string,
  { holders, keptMs }: { holders: TrashHolders; keptMs: number },
): Promise<TrashedExperiment[]> {
  const rows = await db
    .selectFrom('experiment')
    .leftJoin('removed_experiment', (join) =>
      join
        .onRef('removed_experiment.project_id', '=', 'experiment.project_id')
        .onRef('removed_experiment.experiment_id', '=', 'experiment.id'),
    )
    .select((e) => [
      'experiment.id',
      'experiment.name',
      'removed_experiment.removed_at',
      e.fn.coalesce('experiment.deleted_at', 'experiment.updated_at').as('since'),
      runsOf(e).as('runs'),
    ])
    .where('experiment.project_id', '=', project)
    .where('experiment.lifecycle', '=', 'deleted')
    .orderBy('since', 'desc')
    .orderBy('experiment.number', 'desc')
    .execute()
  const found: TrashedExperiment[] = []
  for (const { id, name, removed_at, since, runs } of rows) {
    const removing = removed_at !== null
    const heldBy = removing ? null : await holderOfExperiment(db, project, id, holders)
    const deletedAt = Number(since)
    const removedAt = removing ? Number(removed_at) : keptMs > 0 && heldBy === null ? deletedAt + keptMs : null
    found.push({ id, name, runs: Number(runs), deletedAt, removedAt, heldBy, removing })
  }
  return found
}

const runsOf = (e: ExpressionBuilder<Tables, 'experiment'>) =>
  e
    .selectFrom('run')
    .select((r) => r.fn.countAll<number>().as('n'))
    .whereRef('run.project_id', '=', 'experiment.project_id')
    .whereRef('run.experiment_id', '=', 'experiment.id')

/** What keeps an experiment in the trash: whatever was made from one of its runs or logged models. */
export async function holderOfExperiment(
  db: Reader,
  project: string,
  experiment: string,
  holders: TrashHolders,
): Promise<string | null> {
  for (const [table, holder] of [
    ['run', holders.runs],
    ['logged_model', holders.loggedModels],
  ] as const) {
    for (let after = ''; ; ) {
      const rows = await db
        .selectFrom(table)
        .select('id')
        .where('project_id', '=', project)
        .where('experiment_id', '=', experiment)
        .where('id', '>', after)
        .orderBy('id')
        .limit(runsAtOnce)
        .execute()
      const ids = rows.map((row) => row.id)
      const [first] = [...(await holder(project, ids)).values()]
      if (first !== undefined) return first
      if (ids.length < runsAtOnce) break
      after = ids.at(-1) as string
    }
  }
  return null
}

/** Deleted runs of experiments that were not deleted, the last deleted first. */
export async function trashedRuns(
  db: Reader,
  project: string,
  page: { after?: TrashPlace; limit: number },
  { holders, keptMs }: { holders: TrashHolders; keptMs: number },
): Promise<TrashedRun[]> {
  let select = db
    .selectFrom('run')
    .innerJoin('experiment', (join) =>
      join.onRef('experiment.project_id', '=', 'run.project_id').onRef('experiment.id', '=', 'run.experiment_id'),
    )
    .select(['run.id', 'run.name', 'run.experiment_id', 'run.deleted_at', 'experiment.name as experiment'])
    .where('run.project_id', '=', project)
    .where('run.lifecycle', '=', sql.lit('deleted' as const))
    .where('experiment.lifecycle', '=', 'active')
    .orderBy('run.deleted_at', 'desc')
    .orderBy('run.id', 'desc')
    .limit(page.limit)
  const { after } = page
  if (after)
    select = select.where((e) =>
      e.or([
        e('run.deleted_at', '<', after.at),
        e.and([e('run.deleted_at', '=', after.at), e('run.id', '<', after.id)]),
      ]),
    )
  const rows = await select.execute()
  const ids = rows.map((row) => row.id)
  const held = await holders.runs(project, ids)
  const files = await filesOf(db, project, ids)
  return rows.map((row) => {
    const deletedAt = Number(row.deleted_at)
    const heldBy = held.get(row.id) ?? null
    return {
      id: row.id,
      name: row.name,
      experimentId: row.experiment_id,
      experiment: row.experiment,
      ...(files.get(row.id) ?? { files: 0, bytes: 0 }),
      deletedAt,
      removedAt: keptMs > 0 && heldBy === null ? deletedAt + keptMs : null,
      heldBy,
    }
  })
}

async function filesOf(
  db: Reader,
  project: string,
  runs: readonly string[],
): Promise<Map<string, { files: number; bytes: number }>> {
  if (runs.length === 0) return new Map()
  const owners = new Map(runs.map((id) => [ownerKey({ kind: 'run', id }), id]))
  const rows = await db
    .selectFrom('artifact_file')
    .select((e) => ['owner', e.fn.countAll<number>().as('files'), e.fn.sum<number>('size').as('bytes')])
    .where('project_id', '=', project)
    .where('owner', 'in', [...owners.keys()])
    .groupBy('owner')
    .execute()
  return new Map(
    rows.map(({ owner, files, bytes }) => [
      owners.get(owner) as string,
      { files: Number(files), bytes: Number(bytes) },
    ]),
  )
}
