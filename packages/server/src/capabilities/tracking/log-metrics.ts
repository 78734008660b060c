import { type ExpressionBuilder, sql } from 'kysely'
import {
  type Database,
  type FixedParts,
  fixedQuery,
  type SqlValue,
  type Tables,
  type Trx,
} from '../../kernel/db/index.ts'
import type { ArchivedPoints } from './archive/archived-points.ts'
import { foldPoints, type StoredPoint } from './fold-points.ts'
import type { RunMetricTable } from './tables.ts'
import './archive/tables.ts'
import './tables.ts'

const rollupColumns = [
  'project_id',
  'run_id',
  'key',
  'series_id',
  'last_value',
  'last_is_nan',
  'last_text',
  'last_step',
  'last_timestamp',
  'first_value',
  'first_is_nan',
  'first_step',
  'first_timestamp',
  'min_value',
  'max_value',
  'count',
  'nan_count',
] as const
const rollupKey = { replaces: ['project_id', 'run_id', 'key'] } as const
const pointColumns = ['series_id', 'step', 'timestamp', 'value', 'is_nan'] as const

/**
 * Adds points to a run's metrics and keeps each metric's row up to date. A point that exists already (run, key, timestamp, step, value, NaN) is
 * ignored, so that a client may send a batch again; `archived` knows those that are in a file. On Postgres the caller holds the run's row.
 */
export async function logMetrics(
  db: Pick<Database, 'bulkInsert' | 'dialect'>,
  trx: Trx,
  project: string,
  run: string,
  points: readonly StoredPoint[],
  archived: ArchivedPoints,
): Promise<void> {
  if (points.length === 0) return
  const byKey = Map.groupBy(points, ({ key }) => key)
  const found = await findRollups(trx, { project, run, keys: [...byKey.keys()] })
  const known = new Map(found.map((row) => [row.key, row]))
  const stored = [...byKey.keys()].filter((key) => (known.get(key)?.stored_points ?? null) !== null)
  if (stored.length > 0) {
    const blob = await blobOf(trx, project, run)
    for (const key of stored) {
      const fresh = archived.without({ project, run, blob }, key, points)
      if (fresh.length > 0) byKey.set(key, fresh)
      else byKey.delete(key)
    }
  }
  const keys = [...byKey.keys()]
  await addFirstPoints(trx, known)
  const fresh = keys.filter((key) => !known.has(key))
  const ids = await newSeries(db, trx, fresh.length)
  const series = new Map<string, number>()
  for (const [key, row] of known) series.set(key, row.series_id)
  fresh.forEach((key, i) => series.set(key, ids[i] as number))

  const rows = keys.flatMap((key) => {
    const id = series.get(key) as number
    return (byKey.get(key) as StoredPoint[]).map((p): SqlValue[] => [id, p.step, p.timestamp, p.value, p.isNan])
  })
  const inserted = await db.bulkInsert(trx, 'run_metric_point', pointColumns, rows, { onConflict: 'ignore' })

  const rollups = new Map<string, RunMetricTable>()
  for (const [key, list] of byKey)
    rollups.set(key, {
      project_id: project,
      run_id: run,
      key,
      series_id: series.get(key) as number,
      ...foldPoints(known.get(key), list),
    })
  if (inserted < rows.length) await recount(trx, rollups, known)
  await db.bulkInsert(
    trx,
    'run_metric',
    rollupColumns,
    [...rollups.values()].map((row) => rollupColumns.map((column) => row[column])),
    { onConflict: rollupKey },
  )
}

const findRollups = fixedQuery(
  ({ db, value, among }: FixedParts<{ project: string; run: string; keys: readonly string[] }>) =>
    db
      .selectFrom('run_metric')
      .selectAll()
      .select((e) => archivedParts(e))
      .where('project_id', '=', value('project'))
      .where('run_id', '=', value('run'))
      .where(among('key', 'keys')),
)

interface ArchivedCounts {
  readonly stored_points: number | null
  readonly stored_nans: number | null
}

/** How many of a metric's points are in a file, null where none are. */
function archivedParts(e: ExpressionBuilder<Tables, 'run_metric'>) {
  const of = (column: 'points' | 'nan_count') =>
    e
      .selectFrom('metric_archive_key as k')
      .select(`k.${column}`)
      .whereRef('k.project_id', '=', 'run_metric.project_id')
      .whereRef('k.run_id', '=', 'run_metric.run_id')
      .whereRef('k.key', '=', 'run_metric.key')
  return [of('points').as('stored_points'), of('nan_count').as('stored_nans')]
}

async function blobOf(trx: Trx, project: string, run: string): Promise<string> {
  const { blob } = await trx
    .selectFrom('metric_archive')
    .select('blob')
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .executeTakeFirstOrThrow()
  return blob
}

/** Rows that a program before 0134 wrote have no first point: the metric's points have it. */
async function addFirstPoints(trx: Trx, known: ReadonlyMap<string, RunMetricTable>): Promise<void> {
  for (const row of known.values()) {
    if (row.first_step !== null) continue
    const first = await trx
      .selectFrom('run_metric_point')
      .select(['step', 'timestamp', 'value', 'is_nan'])
      .where('series_id', '=', row.series_id)
      .orderBy('step')
      .orderBy('timestamp')
      .orderBy('value')
      .orderBy('is_nan')
      .limit(1)
      .executeTakeFirst()
    if (first)
      Object.assign(row, {
        first_value: first.value,
        first_is_nan: first.is_nan,
        first_step: first.step,
        first_timestamp: first.timestamp,
      })
  }
}

/** Writes the first points of metrics that a program before 0134 wrote, while they can be looked up. */
export async function fillFirstPoints(trx: Trx, project: string, run: string): Promise<void> {
  const rows = await trx
    .selectFrom('run_metric')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .where('first_step', 'is', null)
    .execute()
  await addFirstPoints(trx, new Map(rows.map((row) => [row.key, row])))
  for (const { key, first_value, first_is_nan, first_step, first_timestamp } of rows)
    await trx
      .updateTable('run_metric')
      .set({ first_value, first_is_nan, first_step, first_timestamp })
      .where('project_id', '=', project)
      .where('run_id', '=', run)
      .where('key', '=', key)
      .execute()
}

/** Numbers for new series. */
async function newSeries(db: Pick<Database, 'dialect'>, trx: Trx, count: number): Promise<number[]> {
  if (count === 0) return []
  if (db.dialect === 'postgres') {
    const { rows } = await sql<{
      id: number
    }>`select nextval('run_metric_series') as id from generate_series(1, ${count})`.execute(trx)
    return rows.map((row) => Number(row.id))
  }
  // A removed metric's number is free once its points are gone.
  const tops = await trx
    .selectFrom('run_metric')
    .select((e) => e.fn.max('series_id').as('id'))
    .unionAll(trx.selectFrom('removed_series').select((e) => e.fn.max('series_id').as('id')))
    .execute()
  const first = Math.max(0, ...tops.map((top) => Number(top.id ?? 0))) + 1
  return Array.from({ length: count }, (_, i) => first + i)
}

/** Some points were there before: counts come from the points themselves. */
async function recount(
  trx: Trx,
  rollups: ReadonlyMap<string, RunMetricTable>,
  known: ReadonlyMap<string, ArchivedCounts>,
): Promise<void> {
  const bySeries = new Map([...rollups.values()].map((row) => [row.series_id, row]))
  const ids = [...bySeries.keys()]
  for (let start = 0; start < ids.length; start += 1000) {
    const counted = await trx
      .selectFrom('run_metric_point')
      .select(['series_id', (e) => e.fn.countAll<number>().as('count'), (e) => e.fn.sum<number>('is_nan').as('nans')])
      .where('series_id', 'in', ids.slice(start, start + 1000))
      .groupBy('series_id')
      .execute()
    for (const { series_id, count, nans } of counted) {
      const row = bySeries.get(series_id)
      const before = row && known.get(row.key)
      if (row)
        Object.assign(row, {
          count: Number(count) + Number(before?.stored_points ?? 0),
          nan_count: Number(nans) + Number(before?.stored_nans ?? 0),
        })
    }
  }
}
