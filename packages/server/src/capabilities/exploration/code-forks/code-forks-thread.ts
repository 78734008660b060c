import type { CodeForks, RunMetricDirection, TrainedCommit } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import { metricDirectionOf } from '../../tracking/index.ts'
import type { RecordedForks } from './record-code-forks.ts'
import { trainedCommits } from './trained-commits.ts'
import '../tables.ts'

export interface CodeForksInput {
  readonly project: string
  readonly experiment: string
  readonly metric: string | undefined
  readonly direction: RunMetricDirection | undefined
}

/** What was measured of lines of code joined with the runs as they are now, as finished JSON. Runs on a reader thread. */
export async function codeForksBytes(db: Reader, input: CodeForksInput): Promise<string> {
  const { project, experiment } = input
  const metric = input.metric ?? (await usualMetric(db, project, experiment))
  const direction = input.direction ?? (metric === null ? null : metricDirectionOf(metric))
  const best = metric === null || direction === null ? null : { metric, direction }
  const { commits, withoutCommit } = await trainedCommits(db, { project, experiment, best })
  const row = await db
    .selectFrom('code_fork')
    .selectAll()
    .where('project_id', '=', project)
    .where('experiment_id', '=', experiment)
    .executeTakeFirst()
  const { lines, missing }: RecordedForks = row
    ? (JSON.parse(row.content) as RecordedForks)
    : { lines: [], missing: [] }
  const measured = new Set(lines.flatMap((line) => line.commits))
  const found: CodeForks = {
    metric,
    direction,
    recordedAt: row?.recorded_at ?? null,
    recordedByName: row?.recorded_by_name ?? null,
    lines: lines.map((line) => {
      const own = new Set(line.commits)
      return {
        ...line,
        ...together(
          commits.filter(({ commit }) => own.has(commit)),
          direction,
        ),
      }
    }),
    missing,
    unmeasured: commits.filter(({ commit }) => !measured.has(commit)),
    commits,
    withoutCommit,
  }
  return JSON.stringify(found)
}

type Trained = Omit<TrainedCommit, 'commit' | 'branch' | 'repository'>

/** What came of several commits. */
function together(commits: readonly TrainedCommit[], direction: RunMetricDirection | null): Trained {
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
  const times = (key: 'firstRunAt' | 'lastRunAt') => commits.flatMap((one) => one[key] ?? [])
  const bests = commits.flatMap((one) => one.best ?? [])
  const sign = direction === 'lower-is-better' ? 1 : -1
  const [top] = bests.toSorted((a, b) => sign * (a.value - b.value))
  const [first, last] = [times('firstRunAt'), times('lastRunAt')]
  return {
    runs: sum(commits.map((one) => one.runs)),
    dirty: sum(commits.map((one) => one.dirty)),
    firstRunAt: first.length === 0 ? null : Math.min(...first),
    lastRunAt: last.length === 0 ? null : Math.max(...last),
    best: top ? { ...top, of: sum(bests.map((one) => one.of)) } : null,
    models: commits.flatMap((one) => one.models),
  }
}

/** The most frequent metric whose better end its name says. */
async function usualMetric(db: Reader, project: string, experiment: string): Promise<string | null> {
  const { rows } = await sql<{ key: string }>`select m.key from run r
    join run_metric m on m.project_id = r.project_id and m.run_id = r.id
    where r.project_id = ${project} and r.experiment_id = ${experiment} and r.lifecycle = 'active'
    group by m.key order by count(*) desc, m.key`.execute(db as never)
  const keys = rows.map((row) => row.key).filter((key) => !key.startsWith('system/'))
  return keys.find((key) => metricDirectionOf(key) !== null) ?? null
}
