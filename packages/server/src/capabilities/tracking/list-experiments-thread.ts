import type { Experiment } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../kernel/db/index.ts'
import { experimentTags } from './experiments.ts'
import { pageTokenOf } from './page-token.ts'
import type { ExperimentTable } from './tables.ts'

/** A page of experiments, the one with the newest run first. */
async function listExperimentRows(
  db: Reader,
  query: { project: string; view: 'active' | 'deleted' | 'all'; limit: number; offset: number },
): Promise<{ rows: ExperimentTable[]; more: boolean }> {
  const view = query.view === 'all' ? sql`` : sql` and x.lifecycle = ${query.view}`
  const newest = sql`coalesce((select max(r.start_time) from run r where r.project_id = x.project_id and r.experiment_id = x.id and r.lifecycle = 'active'), 0)`
  const found =
    await sql<ExperimentTable>`select x.* from experiment x where x.project_id = ${query.project}${view} order by ${newest} desc, x.number desc limit ${query.limit + 1} offset ${query.offset}`.execute(
      db as never,
    )
  return { rows: found.rows.slice(0, query.limit), more: found.rows.length > query.limit }
}

/** Experiments with their tags and how many runs they have. */
export async function withRunCounts(
  db: Reader,
  project: string,
  rows: readonly ExperimentTable[],
): Promise<Experiment[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const tags = await experimentTags(db, project, ids)
  const counted = await db
    .selectFrom('run')
    .select([
      'experiment_id',
      (e) => e.fn.countAll<number>().as('runs'),
      sql<number>`sum(case when status = 'RUNNING' then 1 else 0 end)`.as('running'),
      (e) => e.fn.max('start_time').as('last'),
    ])
    .where('project_id', '=', project)
    .where('experiment_id', 'in', ids)
    .where('lifecycle', '=', 'active')
    .groupBy('experiment_id')
    .execute()
  const counts = new Map(counted.map((row) => [row.experiment_id, row]))
  return rows.map((row) => {
    const own = tags.get(row.id) ?? {}
    const count = counts.get(row.id)
    return {
      id: row.id,
      name: row.name,
      lifecycle: row.lifecycle,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      note: own['mlflow.note.content'] ?? '',
      tags: own,
      runs: Number(count?.runs ?? 0),
      running: Number(count?.running ?? 0),
      lastRunAt: count?.last ?? null,
    }
  })
}

/** A page of experiments as finished JSON. Runs on a reader thread. */
export async function experimentListBytes(
  db: Reader,
  input: { project: string; view: 'active' | 'deleted' | 'all'; limit: number; offset: number; fingerprint: unknown },
): Promise<string> {
  const { rows, more } = await listExperimentRows(db, input)
  const experiments = await withRunCounts(db, input.project, rows)
  return JSON.stringify({
    experiments,
    nextPageToken: more ? pageTokenOf(input.offset + input.limit, input.fingerprint) : null,
  })
}

/** So many of the newest runs say which keys there are; in an experiment of a hundred thousand runs reading all takes seconds. */
const runsLookedAt = 2000

/** The keys that the newest runs have, the most frequent first, as finished JSON. Runs on a reader thread. */
export async function runKeysBytes(
  db: Reader,
  { project, experiment }: { project: string; experiment: string | undefined },
): Promise<string> {
  let newest = db
    .selectFrom('run')
    .select('id')
    .where('project_id', '=', project)
    .where('lifecycle', '=', 'active')
    .orderBy('start_time', 'desc')
    .limit(runsLookedAt)
  if (experiment !== undefined) newest = newest.where('experiment_id', '=', experiment)
  const runs = (await newest.execute()).map((row) => row.id)
  const of = async (table: 'run_metric' | 'run_param' | 'run_tag') => {
    if (runs.length === 0) return []
    const found = await db
      .selectFrom(table)
      .select(['key', (e) => e.fn.countAll<number>().as('runs')])
      .where('project_id', '=', project)
      .where('run_id', 'in', runs)
      .groupBy('key')
      .orderBy((e) => e.fn.countAll(), 'desc')
      .orderBy('key')
      .limit(2000)
      .execute()
    return found.map((row) => ({ key: row.key, runs: Number(row.runs) }))
  }
  return JSON.stringify({ metrics: await of('run_metric'), params: await of('run_param'), tags: await of('run_tag') })
}
