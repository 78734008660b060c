import { sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { whereHot } from './archive/metric-places.ts'
import './tables.ts'

/** A point as the answers carry it: NaN is null. */
export type SeriesPoint = [step: number, timestamp: number, value: number | null]

export interface SeriesQuery {
  readonly project: string
  readonly runs: readonly string[]
  readonly keys: readonly string[]
  readonly points: number
  readonly fromStep: number | undefined
  readonly toStep: number | undefined
}

interface PointRow {
  step: number
  timestamp: number
  value: number
  is_nan: number
}

/** So many points are read whole and thinned then. */
export const fewEnough = 4000

/** Curves of several runs and keys. */
export interface MetricSeriesAnswer {
  readonly series: readonly { readonly run: string; key: string; points: SeriesPoint[]; total: number }[]
}

/** What `hotSeriesBytes` gives, or the mark that some of the points are not in the table. Runs on a reader thread. */
export const metricSeriesBytes = (db: Reader, query: SeriesQuery, dialect: Dialect): Promise<string> =>
  whereHot(db, query, () => hotSeriesBytes(db, query, dialect))

/** Curves of several runs and keys as finished JSON `{series: […]}`: each sampled to about `points`, the extremes of each stretch and both ends kept. Runs on a reader thread. */
export async function hotSeriesBytes(db: Reader, query: SeriesQuery, dialect: Dialect): Promise<string> {
  const found = await db
    .selectFrom('run_metric')
    .select(['run_id', 'key', 'series_id', 'count'])
    .where('project_id', '=', query.project)
    .where('run_id', 'in', query.runs)
    .where('key', 'in', query.keys)
    .execute()
  const place = (row: { run_id: string; key: string }): number =>
    query.runs.indexOf(row.run_id) * query.keys.length + query.keys.indexOf(row.key)
  const series: { run: string; key: string; points: SeriesPoint[]; total: number }[] = []
  for (const row of found.toSorted((a, b) => place(a) - place(b))) {
    const { points, total } = await sampleSeries(db, dialect, row.series_id, row.count, query)
    series.push({ run: row.run_id, key: row.key, points, total })
  }
  return JSON.stringify({ series })
}

async function sampleSeries(
  db: Reader,
  dialect: Dialect,
  series: number,
  count: number,
  query: SeriesQuery,
): Promise<{ points: SeriesPoint[]; total: number }> {
  const range = sql`series_id = ${series}${query.fromStep === undefined ? sql`` : sql` and step >= ${query.fromStep}`}${query.toStep === undefined ? sql`` : sql` and step <= ${query.toStep}`}`
  const ranged = query.fromStep !== undefined || query.toStep !== undefined
  const total = ranged ? await countIn(db, range) : count
  if (total <= Math.max(fewEnough, query.points)) {
    const { rows } =
      await sql<PointRow>`select step, timestamp, value, is_nan from run_metric_point where ${range} order by step, timestamp, value`.execute(
        db as never,
      )
    return { points: thinRows(rows, query.points), total: rows.length }
  }
  const ends = await endsOf(db, range)
  if (ends === undefined) return { points: [], total: 0 }
  // Half of the points are lows, half are highs of equal stretches of steps.
  const stretches = Math.max(1, Math.floor((query.points - 2) / 2))
  const rows =
    dialect === 'sqlite'
      ? await extremesOnSqlite(db, series, ends, stretches)
      : await extremesOnPostgres(db, range, sql`((step - ${ends.low}) * ${stretches} / ${ends.high - ends.low + 1})`)
  const first =
    await sql<PointRow>`select step, timestamp, value, is_nan from run_metric_point where ${range} order by step, timestamp, value limit 1`.execute(
      db as never,
    )
  const last =
    await sql<PointRow>`select step, timestamp, value, is_nan from run_metric_point where ${range} order by step desc, timestamp desc, value desc limit 1`.execute(
      db as never,
    )
  return { points: thinRows([...first.rows, ...rows, ...last.rows]), total }
}

/** Points of a curve as an answer carries them, each once and by (step, timestamp, value); of more than `most` the extremes of each stretch. */
export function thinRows(rows: readonly PointRow[], most = Number.POSITIVE_INFINITY): SeriesPoint[] {
  const unique = new Map(rows.map((p) => [`${p.step}/${p.timestamp}/${p.value}/${p.is_nan}`, p]))
  const sorted = [...unique.values()].toSorted(
    (a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value,
  )
  return sampleRows(sorted, most).map(pointOf)
}

/** The first and the last step. Each alone is one seek in the key; both in one query would be a scan. */
async function endsOf(db: Reader, range: ReturnType<typeof sql>): Promise<{ low: number; high: number } | undefined> {
  const edge = async (which: 'min' | 'max'): Promise<number | null> => {
    const found = await sql<{
      step: number | null
    }>`select ${sql.raw(which)}(step) as step from run_metric_point where ${range}`.execute(db as never)
    return found.rows[0]?.step ?? null
  }
  const [low, high] = [await edge('min'), await edge('max')]
  return low === null || high === null ? undefined : { low: Number(low), high: Number(high) }
}

async function countIn(db: Reader, range: ReturnType<typeof sql>): Promise<number> {
  const found = await sql<{ n: number }>`select count(*) as n from run_metric_point where ${range}`.execute(db as never)
  return Number(found.rows[0]?.n ?? 0)
}

/** SQLite gives the other columns of the row that holds the min() or max(). Stretch by stretch along the key, because grouping would sort every point. */
async function extremesOnSqlite(
  db: Reader,
  series: number,
  ends: { low: number; high: number },
  stretches: number,
): Promise<PointRow[]> {
  const rows: PointRow[] = []
  const width = (ends.high - ends.low + 1) / stretches
  for (let i = 0; i < stretches; i += 1) {
    const from = ends.low + Math.ceil(i * width)
    const to = i === stretches - 1 ? ends.high + 1 : ends.low + Math.ceil((i + 1) * width)
    for (const extreme of ['min', 'max']) {
      const found =
        await sql<PointRow>`select ${sql.raw(extreme)}(value) as value, step, timestamp, is_nan from run_metric_point where series_id = ${series} and step >= ${from} and step < ${to} and is_nan = 0`.execute(
          db as never,
        )
      const [row] = found.rows
      // An aggregate over nothing is one row of nulls.
      if (row && row.step !== null) rows.push(row)
    }
  }
  return rows
}

async function extremesOnPostgres(
  db: Reader,
  range: ReturnType<typeof sql>,
  bucket: ReturnType<typeof sql>,
): Promise<PointRow[]> {
  const rows: PointRow[] = []
  for (const direction of ['asc', 'desc']) {
    const found =
      await sql<PointRow>`select distinct on (b) step, timestamp, value, is_nan from (select step, timestamp, value, is_nan, ${bucket} as b from run_metric_point where ${range} and is_nan = 0) t order by b, value ${sql.raw(direction)}`.execute(
        db as never,
      )
    rows.push(...found.rows)
  }
  return rows
}

/** Keeps both ends and of each stretch the lowest and the highest point, in their order. */
export function sampleRows<P extends { value: number }>(rows: readonly P[], most: number): readonly P[] {
  if (rows.length <= most) return rows
  const stretches = Math.max(1, Math.floor((most - 2) / 2))
  const kept = new Set<P>([rows[0] as P])
  for (let s = 0; s < stretches; s += 1) {
    const from = Math.floor((s * rows.length) / stretches)
    const to = Math.floor(((s + 1) * rows.length) / stretches)
    let low = from
    let high = from
    for (let i = from; i < to; i += 1) {
      if ((rows[i] as P).value < (rows[low] as P).value) low = i
      if ((rows[i] as P).value > (rows[high] as P).value) high = i
    }
    kept.add(rows[Math.min(low, high)] as P).add(rows[Math.max(low, high)] as P)
  }
  return [...kept.add(rows.at(-1) as P)]
}

const pointOf = (row: PointRow): SeriesPoint => [
  Number(row.step),
  Number(row.timestamp),
  row.is_nan === 1 ? null : row.value,
]
