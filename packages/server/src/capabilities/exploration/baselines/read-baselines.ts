import { type Baseline, baselineTag } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import type { BaselineContent, BaselineTable } from '../tables.ts'
import '../tables.ts'

/** Runs in use that say they reproduce one of these baselines, the newest first. */
export async function reproducingRuns(
  db: Reader,
  project: string,
  baselines: readonly string[],
): Promise<{ baseline: string; id: string }[]> {
  if (baselines.length === 0) return []
  return reproductions(db, project, baselines)
    .select(['tag.value as baseline', 'run.id'])
    .orderBy('run.start_time', 'desc')
    .execute()
}

/** Baselines with how many runs reproduce them, the newest first. */
export async function readBaselines(
  db: Reader,
  project: string,
  which: { readonly experiments: readonly string[]; readonly retired: boolean } | { readonly id: string },
): Promise<Baseline[]> {
  let query = db.selectFrom('baseline').selectAll().where('project_id', '=', project)
  if ('id' in which) query = query.where('id', '=', which.id)
  else if (which.experiments.length === 0) return []
  else {
    query = query.where('experiment_id', 'in', which.experiments)
    if (!which.retired) query = query.where('retired_at', 'is', null)
  }
  const rows = await query.orderBy('id', 'desc').execute()
  const counts = await countReproductions(
    db,
    project,
    rows.map((row) => row.id),
  )
  return rows.map((row) => baselineOf(row, counts.get(row.id) ?? 0))
}

async function countReproductions(
  db: Reader,
  project: string,
  baselines: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (baselines.length === 0) return new Map()
  const rows = await reproductions(db, project, baselines)
    .select((e) => ['tag.value as baseline', e.fn.countAll<number>().as('runs')])
    .groupBy('tag.value')
    .execute()
  return new Map(rows.map(({ baseline, runs }) => [baseline, Number(runs)]))
}

const reproductions = (db: Reader, project: string, baselines: readonly string[]) =>
  db
    .selectFrom('run_tag as tag')
    .innerJoin('run', (join) => join.onRef('run.project_id', '=', 'tag.project_id').onRef('run.id', '=', 'tag.run_id'))
    .where('tag.project_id', '=', project)
    .where('tag.key', '=', baselineTag)
    .where('tag.value', 'in', baselines)
    .where('run.lifecycle', '=', 'active')

/** The public form of a baseline. */
export function baselineOf(row: BaselineTable, reproductions: number): Baseline {
  return {
    id: row.id,
    experiment: row.experiment_id,
    name: row.name,
    ...(JSON.parse(row.content) as BaselineContent),
    record: row.record_digest,
    createdAt: row.created_at,
    createdByName: row.created_by_name,
    retiredAt: row.retired_at,
    retiredReason: row.retired_reason,
    reproductions,
  }
}
