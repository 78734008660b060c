import { type ArchivePolicy, pinTag } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import '../tables.ts'

/** A run that ended long enough ago, and what of it alone keeps it. */
export interface OldRun {
  readonly id: string
  readonly name: string
  readonly experiment: string
  readonly endedAt: number
  readonly kept: 'pinned' | 'broughtBack' | null
}

export interface OldRunsInput {
  readonly project: string
  /** Runs that ended before. */
  readonly before: number
  /** Runs with a later id: the last one of the page before. */
  readonly after: string
  /** At most so many. */
  readonly most: number
}

/** A page of the active runs of a project that ended long enough ago, by their ids, as JSON. Runs on a reader thread: it may pass many that did not. */
export async function oldRunBytes(db: Reader, { project, before, after, most }: OldRunsInput): Promise<string> {
  const { rows } = await sql<{
    id: string
    name: string
    experiment: string
    ended: number
    pinned: number | null
    back: number | null
  }>`select r.id, r.name, e.name as experiment, r.end_time as ended, r.brought_back_at as back,
       (select 1 from run_tag t where t.project_id = r.project_id and t.run_id = r.id and t.key = ${pinTag}) as pinned
     from run r join experiment e on e.project_id = r.project_id and e.id = r.experiment_id
     where r.project_id = ${project} and r.lifecycle = 'active' and r.archived_at is null and r.end_time <= ${before}
       and r.status not in ('RUNNING', 'SCHEDULED') and r.id > ${after}
     order by r.id limit ${most}`.execute(db as never)
  const runs = rows.map(
    ({ id, name, experiment, ended, pinned, back }): OldRun => ({
      id,
      name,
      experiment,
      endedAt: Number(ended),
      kept: pinned !== null ? 'pinned' : back !== null ? 'broughtBack' : null,
    }),
  )
  return JSON.stringify(runs)
}

export interface BestRunsInput {
  readonly project: string
  readonly policy: ArchivePolicy
}

/** Ids of the best of each group among its active runs, old or not, by the last value of the metric, as JSON. Runs on a reader thread: all runs of the project are looked at. */
export async function bestRunBytes(db: Reader, { project, policy }: BestRunsInput): Promise<string> {
  const order = policy.higherIsBetter ? sql`desc` : sql`asc`
  const { rows } = await sql<{ id: string }>`select id from (
      select r.id, row_number() over (
        partition by r.experiment_id, coalesce(g.value, '') order by m.last_value ${order}, r.id) as place
      from run r
      join run_metric m on m.project_id = r.project_id and m.run_id = r.id and m.key = ${policy.metric} and m.last_is_nan = 0
      left join run_tag g on g.project_id = r.project_id and g.run_id = r.id and g.key = 'trivium.group'
      where r.project_id = ${project} and r.lifecycle = 'active' and r.archived_at is null) as ranked
    where place <= ${policy.keepBest}`.execute(db as never)
  return JSON.stringify(rows.map(({ id }) => id))
}
