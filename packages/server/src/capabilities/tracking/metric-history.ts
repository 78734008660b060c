import { sql } from 'kysely'
import type { Reader } from '../../kernel/db/index.ts'
import './tables.ts'

export interface HistoryRow {
  step: number
  timestamp: number
  value: number
  is_nan: number
}

/** A page of all points of one metric by (timestamp, step, value), and whether more follow. */
export async function selectHistory(
  db: Reader,
  query: { project: string; run: string; key: string; limit: number; offset: number },
): Promise<{ rows: HistoryRow[]; more: boolean }> {
  const rows = await db
    .selectFrom('run_metric_point')
    .innerJoin('run_metric', 'run_metric.series_id', 'run_metric_point.series_id')
    .select([
      'run_metric_point.step',
      'run_metric_point.timestamp',
      'run_metric_point.value',
      'run_metric_point.is_nan',
    ])
    .where('run_metric.project_id', '=', query.project)
    .where('run_metric.run_id', '=', query.run)
    .where('run_metric.key', '=', query.key)
    .orderBy('run_metric_point.timestamp')
    .orderBy('run_metric_point.step')
    .orderBy('run_metric_point.value')
    .limit(query.limit + 1)
    .offset(query.offset)
    .execute()
  return { rows: rows.slice(0, query.limit), more: rows.length > query.limit }
}

/**
 * Points of one metric in several runs, thinned to about `points` steps a run as MLflow's UI asks: the same steps for every run, evenly over the range,
 * and each run's first and last. Found by seeking along the key, so that a million points cost no more than a thousand.
 */
export async function selectSampledHistory(
  db: Reader,
  query: {
    project: string
    runs: readonly string[]
    key: string
    points: number
    fromStep: number | undefined
    toStep: number | undefined
  },
): Promise<{ run: string; rows: HistoryRow[] }[]> {
  const series = await db
    .selectFrom('run_metric')
    .select(['run_id', 'series_id'])
    .where('project_id', '=', query.project)
    .where('run_id', 'in', query.runs)
    .where('key', '=', query.key)
    .execute()
  const range = sql`${query.fromStep === undefined ? sql`` : sql` and step >= ${query.fromStep}`}${query.toStep === undefined ? sql`` : sql` and step <= ${query.toStep}`}`
  const steps = new Set<number>()
  for (const one of series) {
    const ends = (
      await sql<{
        low: number | null
        high: number | null
      }>`select min(step) as low, max(step) as high from run_metric_point where series_id = ${one.series_id}${range}`.execute(
        db as never,
      )
    ).rows[0]
    if (!ends || ends.low === null || ends.high === null) continue
    let step: number | null = Number(ends.low)
    const stride = Math.max(1, (Number(ends.high) - step) / Math.max(1, query.points - 1))
    for (let next = step; step !== null && steps.size < 100_000; ) {
      steps.add(step)
      next = Math.max(next + stride, step + 1)
      if (next > Number(ends.high)) break
      const found: { step: number | null } | undefined = (
        await sql<{
          step: number | null
        }>`select min(step) as step from run_metric_point where series_id = ${one.series_id} and step >= ${Math.ceil(next)}${range}`.execute(
          db as never,
        )
      ).rows[0]
      step = found?.step === null || found?.step === undefined ? null : Number(found.step)
    }
    steps.add(Number(ends.high))
  }
  const wanted = thin(
    [...steps].toSorted((a, b) => a - b),
    query.points,
  )
  const answer: { run: string; rows: HistoryRow[] }[] = []
  for (const one of series) {
    const edges = (
      await sql<{
        low: number | null
        high: number | null
      }>`select min(step) as low, max(step) as high from run_metric_point where series_id = ${one.series_id}${range}`.execute(
        db as never,
      )
    ).rows[0]
    const own = [
      ...new Set([
        ...wanted,
        ...(edges && edges.low !== null && edges.high !== null ? [Number(edges.low), Number(edges.high)] : []),
      ]),
    ]
    const rows: HistoryRow[] = []
    for (let start = 0; start < own.length; start += 1000) {
      rows.push(
        ...(await db
          .selectFrom('run_metric_point')
          .select(['step', 'timestamp', 'value', 'is_nan'])
          .where('series_id', '=', one.series_id)
          .where('step', 'in', own.slice(start, start + 1000))
          .execute()),
      )
    }
    answer.push({
      run: one.run_id,
      rows: rows.toSorted((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value),
    })
  }
  return answer
}

function thin(steps: readonly number[], most: number): number[] {
  if (steps.length <= most) return [...steps]
  const stride = steps.length / most
  return Array.from({ length: most }, (_, i) => steps[Math.floor(i * stride)] as number)
}
