import { sql } from 'kysely'
import type { Reader } from '../../kernel/db/index.ts'
import type { readRuns } from './read-runs.ts'
import './tables.ts'

type ReadRun = Awaited<ReturnType<typeof readRuns>>[number]
/** What decides whether two runs are repeats. */
export type Configured = Pick<ReadRun, 'params' | 'inputs' | 'tags'> & {
  readonly run: Pick<ReadRun['run'], 'pipeline_run'>
}

/** Repeats are looked for among so many of an experiment's newest finished runs. */
const mostRuns = 20_000
const mostCandidates = 100
const mostPairs = 30

/** A parameter that only sets the dice: `seed`, `random_state`, `model__random_state`. */
export function isSeed(key: string): boolean {
  return /(^|[^a-z])(seed|random[_-]?state|random[_-]?seed|rng)$/i.test(key)
}

/**
 * Parameters, data and commit of a run without its seeds, as text; undefined where a run has no parameters, which says nothing.
 * A pipeline chooses the data of its runs: where such a run logged none, only runs of the same pipeline run are alike.
 */
export function configurationOf({ params, inputs, tags, run }: Configured): string | undefined {
  const pairs = (map: ReadonlyMap<string, string>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const own = pairs(params).filter(([key]) => !isSeed(key))
  if (own.length === 0) return undefined
  const commit = tags.get('mlflow.source.git.commit') ?? null
  return JSON.stringify([own, pairs(inputs), commit, inputs.size > 0 ? null : run.pipeline_run])
}

/** The seeds of a run as text; undefined where it has none, or one was left to chance. */
export function seedsOf({ params }: Pick<Configured, 'params'>): string | undefined {
  const seeds = [...params].filter(([key]) => isSeed(key))
  if (seeds.length === 0 || seeds.some(([, value]) => /^(none|null|)$/i.test(value))) return undefined
  return JSON.stringify(seeds.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Ids of the finished runs that repeat a run: same experiment, data, commit and parameters, but for the seed. Of several with the same
 * seed only the newest counts, because repeating the same dice adds no evidence; the hundred newest of the experiment's 20,000 newest finished runs are looked at. The run itself counts once it has finished.
 */
export async function findRepeats(
  db: Reader,
  project: string,
  itself: ReadRun,
  read: (ids: readonly string[]) => Promise<ReadRun[]>,
): Promise<string[]> {
  const { run, params } = itself
  const wanted = configurationOf(itself)
  const own = run.status === 'FINISHED' ? [run.id] : []
  if (wanted === undefined) return own
  const pairs = [...params].filter(([key]) => !isSeed(key)).slice(0, mostPairs)
  // From the newest on, and each run only up to the first parameter that differs: no more is read than the hundred need.
  const same = pairs.map(
    ([key, value]) => sql`and exists (select 1 from run_param p
      where p.project_id = r.project_id and p.run_id = r.id and p.key = ${key} and p.value = ${value})`,
  )
  const found = await sql<{ id: string }>`select r.id as id from (select project_id, id, start_time from run
       where project_id = ${project} and experiment_id = ${run.experiment_id} and lifecycle = 'active' and status = 'FINISHED'
       order by start_time desc limit ${mostRuns}) r
     where 1 = 1 ${sql.join(same, sql` `)}
     order by r.start_time desc limit ${mostCandidates}`.execute(db as never)
  const ids = found.rows.map((row) => row.id).filter((id) => id !== run.id)
  const repeats = (await read(ids)).filter((one) => configurationOf(one) === wanted)
  const seen = new Set(own.length > 0 ? [seedsOf(itself)] : [])
  return [
    ...own,
    ...repeats.flatMap((one) => {
      const seeds = seedsOf(one)
      if (seeds !== undefined && seen.has(seeds)) return []
      seen.add(seeds)
      return [one.run.id]
    }),
  ]
}
