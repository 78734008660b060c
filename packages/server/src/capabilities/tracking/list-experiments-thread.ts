import type { Experiment } from '@trivium/contract'
import { sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
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

/** The second before the tenth, as people count. */
const byNumber = new Intl.Collator('en', { numeric: true })

/** So many of the newest runs say which keys there are; in an experiment of a hundred thousand runs reading all takes seconds. */
const runsLookedAt = 2000

/** The keys that the newest runs have, the most frequent first, as finished JSON. Runs on a reader thread. */
export async function runKeysBytes(
  db: Reader,
  { project, experiment }: { project: string; experiment: string | undefined },
  dialect: Dialect,
): Promise<string> {
  const only = experiment === undefined ? sql`` : sql` and experiment_id = ${experiment}`
  const nulls = sql.raw(dialect === 'sqlite' ? '' : ' nulls last')
  const newest = sql`select id from run where project_id = ${project}${only} and lifecycle = 'active' order by start_time desc${nulls} limit ${runsLookedAt}`
  // Begun with the runs and grouped by no indexed column: SQLite would else read the index by value from end to end.
  const joined = sql.raw(dialect === 'sqlite' ? 'cross join' : 'join')
  const of = async (table: 'run_metric' | 'run_param' | 'run_tag') => {
    const found = await sql<{
      name: string
      runs: number
    }>`select k.key || '' as name, count(*) as runs from (${newest}) r ${joined} ${sql.table(table)} k on k.project_id = ${project} and k.run_id = r.id group by 1 order by 2 desc, 1 limit 2000`.execute(
      db as never,
    )
    return found.rows
      .map((row) => ({ key: row.name, runs: Number(row.runs) }))
      .toSorted((a, b) => b.runs - a.runs || byNumber.compare(a.key, b.key))
  }
  return JSON.stringify({ metrics: await of('run_metric'), params: await of('run_param'), tags: await of('run_tag') })
}
