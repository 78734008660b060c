import { type changeIdea, type BodyOf, type Idea, ideaTag } from '@trivium/contract'
import { type Reader, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Tracking } from '../tracking/index.ts'
import { explorationErrors } from './errors.ts'
import type { IdeaTable } from './tables.ts'
import './tables.ts'

export type IdeaDeps = Pick<Kernel, 'db' | 'clock' | 'events'> & {
  readonly tracking: Pick<Tracking, 'requireExperiment' | 'requireRun' | 'logBatch' | 'deleteRunTag'>
}
type Change = BodyOf<typeof changeIdea>

/** Ideas of one experiment; more are refused. */
const mostIdeas = 500

/** A run that carries the tag of an idea. */
export interface IdeaRun {
  readonly idea: string
  readonly id: string
  readonly status: string
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly by: string
}

/** Runs in use that try one of these ideas; without ideas all of the project's that try any. */
export async function ideaRuns(db: Reader, project: string, ideas?: readonly string[]): Promise<IdeaRun[]> {
  if (ideas?.length === 0) return []
  let query = db
    .selectFrom('run_tag as tag')
    .innerJoin('run', (join) => join.onRef('run.project_id', '=', 'tag.project_id').onRef('run.id', '=', 'tag.run_id'))
    .select([
      'tag.value as idea',
      'run.id',
      'run.status',
      'run.start_time as startedAt',
      'run.end_time as endedAt',
      'run.created_by as by',
    ])
    .where('tag.project_id', '=', project)
    .where('tag.key', '=', ideaTag)
    .where('run.lifecycle', '=', 'active')
  if (ideas) query = query.where('tag.value', 'in', ideas)
  return query.execute()
}

/** Ideas with what their runs came to, the newest first. */
export async function readIdeas(
  db: Reader,
  project: string,
  which: { readonly experiments: readonly string[] } | { readonly id: string },
): Promise<Idea[]> {
  let query = db.selectFrom('idea').selectAll().where('project_id', '=', project)
  if ('id' in which) query = query.where('id', '=', which.id)
  else if (which.experiments.length === 0) return []
  else query = query.where('experiment_id', 'in', which.experiments)
  const rows = await query.orderBy('id', 'desc').execute()
  const runs = Map.groupBy(
    await ideaRuns(
      db,
      project,
      rows.map((row) => row.id),
    ),
    (run) => run.idea,
  )
  return rows.map((row) => ideaOf(row, runs.get(row.id) ?? []))
}

/** When the first of its runs finished well, and which. */
export function firstFinished(runs: readonly IdeaRun[]): (IdeaRun & { readonly endedAt: number }) | undefined {
  return runs
    .filter((run): run is IdeaRun & { readonly endedAt: number } => run.status === 'FINISHED' && run.endedAt !== null)
    .toSorted((a, b) => a.endedAt - b.endedAt)[0]
}

function ideaOf(row: IdeaTable, runs: readonly IdeaRun[]): Idea {
  const began = runs.flatMap((run) => run.startedAt ?? []).toSorted((a, b) => a - b)[0] ?? null
  return {
    id: row.id,
    experiment: row.experiment_id,
    title: row.title,
    hypothesis: row.hypothesis,
    source: row.source,
    state: row.state,
    outcome: row.outcome,
    reason: row.reason,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: row.created_by_name,
    hypothesisAt: row.hypothesis_at,
    hypothesisFirst: row.hypothesis_at === null || began === null ? null : row.hypothesis_at <= began,
    decidedAt: row.decided_at,
    decidedByName: row.decided_by_name,
    runs: runs.length,
    running: runs.filter((run) => run.status === 'RUNNING' || run.status === 'SCHEDULED').length,
    firstRunAt: began,
    evaluatedAt: firstFinished(runs)?.endedAt ?? null,
    spentMs: runs.reduce(
      (sum, run) =>
        sum + (run.startedAt === null || run.endedAt === null ? 0 : Math.max(0, run.endedAt - run.startedAt)),
      0,
    ),
  }
}

async function requireIdea(db: Reader, project: string, id: string): Promise<Idea> {
  const [found] = await readIdeas(db, project, { id })
  if (!found) throw explorationErrors.IDEA_NOT_FOUND(id)
  return found
}

/** Adds an idea; event `idea.added`. */
export async function addIdea(
  deps: IdeaDeps,
  scope: Scope,
  input: { experiment: string; title: string; hypothesis: string; source: string },
): Promise<Idea> {
  const { db, clock } = deps
  const { project, principal } = scope
  await deps.tracking.requireExperiment(scope, input.experiment)
  const now = clock()
  const row: IdeaTable = {
    project_id: project,
    id: newId('ide'),
    experiment_id: input.experiment,
    title: input.title.trim(),
    hypothesis: input.hypothesis.trim(),
    source: input.source.trim(),
    state: 'open',
    outcome: null,
    reason: '',
    created_at: now,
    created_by: principal.onBehalfOf ?? principal.id,
    created_by_name: principal.name,
    hypothesis_at: input.hypothesis.trim() === '' ? null : now,
    decided_at: null,
    decided_by: null,
    decided_by_name: null,
  }
  if (row.title === '') throw explorationErrors.NEEDS('a title', 'An idea')
  await db.write.transaction().execute(async (trx) => {
    const { n } = await trx
      .selectFrom('idea')
      .select((e) => e.fn.countAll<number>().as('n'))
      .where('project_id', '=', project)
      .where('experiment_id', '=', input.experiment)
      .executeTakeFirstOrThrow()
    if (Number(n) >= mostIdeas) throw explorationErrors.TOO_MANY_IDEAS(mostIdeas)
    await trx.insertInto('idea').values(row).execute()
    await append(deps, trx, scope, 'idea.added', row)
  })
  return ideaOf(row, [])
}

/** Changes words or state of an idea; event `idea.changed` where its state, outcome or hypothesis does. */
export async function applyChange(deps: IdeaDeps, scope: Scope, id: string, change: Change): Promise<Idea> {
  const { db, clock } = deps
  const { project, principal } = scope
  await db.write.transaction().execute(async (trx) => {
    const select = trx.selectFrom('idea').selectAll().where('project_id', '=', project).where('id', '=', id)
    const before = await (db.dialect === 'postgres' ? select.forUpdate() : select).executeTakeFirst()
    if (!before) throw explorationErrors.IDEA_NOT_FOUND(id)
    const row = changed(before, change, {
      now: clock(),
      by: principal.onBehalfOf ?? principal.id,
      name: principal.name,
    })
    await trx.updateTable('idea').set(row).where('project_id', '=', project).where('id', '=', id).execute()
    if (row.state !== before.state || row.outcome !== before.outcome || row.hypothesis !== before.hypothesis)
      await append(deps, trx, scope, 'idea.changed', row)
  })
  return requireIdea(db.read, project, id)
}

/** What an idea becomes by a change; throws where a decision lacks what makes it one. */
function changed(
  before: IdeaTable,
  change: Change,
  { now, by, name }: { now: number; by: string; name: string },
): IdeaTable {
  const hypothesis = change.hypothesis?.trim() ?? before.hypothesis
  const state = change.state ?? before.state
  const decides = change.state !== undefined && change.state !== before.state
  const reason = change.reason?.trim() ?? (decides ? '' : before.reason)
  const outcome = state === 'concluded' ? (change.outcome ?? (decides ? null : before.outcome)) : null
  if (change.title?.trim() === '') throw explorationErrors.NEEDS('a title', 'An idea')
  if (state === 'chosen' && hypothesis === '') throw explorationErrors.NEEDS('a hypothesis', 'Choosing an idea')
  if (state === 'dropped' && reason === '') throw explorationErrors.NEEDS('a reason', 'Dropping an idea')
  if (state === 'concluded' && (outcome === null || reason === ''))
    throw explorationErrors.NEEDS('an outcome and a reason', 'Concluding an idea')
  return {
    ...before,
    title: change.title?.trim() ?? before.title,
    source: change.source?.trim() ?? before.source,
    hypothesis,
    hypothesis_at: hypothesis === before.hypothesis ? before.hypothesis_at : hypothesis === '' ? null : now,
    state,
    outcome,
    reason,
    ...(decides ? { decided_at: now, decided_by: by, decided_by_name: name } : {}),
  }
}

/** Sets or removes the tag of an idea on runs: all or none of them are there. */
export async function linkRuns(
  deps: IdeaDeps,
  scope: Scope,
  id: string,
  { runs, linked }: { runs: readonly string[]; linked: boolean },
): Promise<Idea> {
  const { db, tracking } = deps
  await requireIdea(db.read, scope.project, id)
  const own = new Set((await ideaRuns(db.read, scope.project, [id])).map((run) => run.id))
  for (const run of runs) await tracking.requireRun(scope, run)
  for (const run of runs) {
    if (linked) await tracking.logBatch(scope, run, { metrics: [], params: [], tags: [{ key: ideaTag, value: id }] })
    else if (own.has(run)) await tracking.deleteRunTag(scope, run, ideaTag)
  }
  return requireIdea(db.read, scope.project, id)
}

async function append(
  { events }: IdeaDeps,
  trx: Trx,
  { project, principal }: Scope,
  name: 'idea.added' | 'idea.changed',
  row: IdeaTable,
): Promise<void> {
  await events.append(trx, {
    project,
    name,
    schema: 1,
    by: principal.id,
    subject: urn(project, 'idea', row.id),
    refs: [{ rel: 'about', urn: urn(project, 'experiment', row.experiment_id), as: 'idea-for' }],
    data: {
      experiment: row.experiment_id,
      state: row.state,
      outcome: row.outcome,
      hypothesis: row.hypothesis !== '',
      fact: row.outcome ?? row.state,
    },
  })
}
