import type { RunMetricDirection, TrainedCommit } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import { commitTag } from '../read-run-facts.ts'

const mostCommits = 2000

/** What a metric's best means; null where it is not known. */
export interface BestBy {
  readonly metric: string
  readonly direction: RunMetricDirection
}

/** Commits that runs of an experiment recorded, the one with the newest run first, with what came of each. */
export async function trainedCommits(
  db: Reader,
  { project, experiment, best }: { project: string; experiment: string; best: BestBy | null },
): Promise<{ commits: TrainedCommit[]; withoutCommit: number }> {
  const run = sql`from run r
    left join run_tag c on c.project_id = r.project_id and c.run_id = r.id and c.key = ${commitTag}
    where r.project_id = ${project} and r.experiment_id = ${experiment} and r.lifecycle = 'active'`
  const counted = await sql<{ commit: string | null; runs: number; first: number | null; last: number | null }>`
    select c.value as "commit", count(*) as runs, min(r.start_time) as first, max(r.start_time) as last
    ${run} group by c.value order by max(coalesce(r.start_time, 0)) desc`.execute(db as never)
  const tags = await sql<{ commit: string; key: string; value: string; runs: number; last: number | null }>`
    select c.value as "commit", t.key, t.value, count(*) as runs, max(r.start_time) as last from run r
    join run_tag c on c.project_id = r.project_id and c.run_id = r.id and c.key = ${commitTag}
    join run_tag t on t.project_id = r.project_id and t.run_id = r.id
      and t.key in ('mlflow.source.git.branch', 'mlflow.source.git.repoURL', 'mlflow.source.git.dirty')
    where r.project_id = ${project} and r.experiment_id = ${experiment} and r.lifecycle = 'active'
    group by c.value, t.key, t.value`.execute(db as never)
  const models = await sql<{ commit: string; model: string; version: number }>`
    select c.value as "commit", v.model, v.version from model_version v
    join run r on r.project_id = v.project_id and r.id = v.run_id
    join run_tag c on c.project_id = r.project_id and c.run_id = r.id and c.key = ${commitTag}
    where v.project_id = ${project} and r.experiment_id = ${experiment} and r.lifecycle = 'active'
    order by v.model, v.version desc`.execute(db as never)
  const values = best ? await bestOf(db, { project, experiment }, best) : new Map<string, TrainedCommit['best']>()
  const of = <T extends { commit: string }>(rows: readonly T[], commit: string) =>
    rows.filter((one) => one.commit === commit)
  const commits = counted.rows
    .flatMap(({ commit, ...row }) => (commit === null ? [] : [{ commit, ...row }]))
    .slice(0, mostCommits)
    .map(({ commit, runs, first, last }): TrainedCommit => {
      const own = of(tags.rows, commit).toSorted((a, b) => Number(b.last ?? 0) - Number(a.last ?? 0))
      const newest = (key: string) => own.find((tag) => tag.key === key && tag.value !== '')?.value ?? null
      return {
        commit,
        branch: newest('mlflow.source.git.branch'),
        repository: newest('mlflow.source.git.repoURL'),
        runs: Number(runs),
        dirty: Number(
          own.find(({ key, value }) => key === 'mlflow.source.git.dirty' && /^true$/i.test(value))?.runs ?? 0,
        ),
        firstRunAt: first === null ? null : Number(first),
        lastRunAt: last === null ? null : Number(last),
        best: values.get(commit) ?? null,
        models: of(models.rows, commit).map(({ model, version }) => ({ model, version: Number(version) })),
      }
    })
  return { commits, withoutCommit: Number(counted.rows.find((row) => row.commit === null)?.runs ?? 0) }
}

/** The best last value among the finished runs of each commit, and among how many. */
async function bestOf(
  db: Reader,
  { project, experiment }: { project: string; experiment: string },
  { metric, direction }: BestBy,
): Promise<Map<string, TrainedCommit['best']>> {
  const order = direction === 'higher-is-better' ? sql`desc` : sql`asc`
  const { rows } = await sql<{ commit: string; id: string; name: string; value: number; n: number }>`
    select * from (select c.value as "commit", r.id, r.name, m.last_value as value,
        count(*) over (partition by c.value) as n,
        row_number() over (partition by c.value order by m.last_value ${order}, r.id) as place from run r
      join run_tag c on c.project_id = r.project_id and c.run_id = r.id and c.key = ${commitTag}
      join run_metric m on m.project_id = r.project_id and m.run_id = r.id and m.key = ${metric} and m.last_is_nan = 0
      where r.project_id = ${project} and r.experiment_id = ${experiment} and r.lifecycle = 'active' and r.status = 'FINISHED') ranked
    where place = 1`.execute(db as never)
  return new Map(
    rows.map(({ commit, id, name, value, n }) => [commit, { run: id, name, value: Number(value), of: Number(n) }]),
  )
}
