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

/** Which points of one metric in several runs a chart asks for. */
export interface SampledQuery {
  readonly project: string
  readonly runs: readonly string[]
  readonly key: string
  readonly points: number
  readonly fromStep: number | undefined
  readonly toStep: number | undefined
}

/**
 * Points of one metric in several runs, thinned to about `points` steps a run as MLflow's UI asks: the same steps for every run, evenly over the range,
 * and each run's first and last. Found by seeking along the key, so that a million points cost no more than a thousand.
 */
export async function selectSampledHistory(
  db: Reader,
  query: SampledQuery,
): Promise<{ run: string; rows: HistoryRow[] }[]> {
  const series = await db
    .selectFrom('run_metric')
    .select(['run_id', 'series_id'])
    .where('project_id', '=', query.project)
    .where('run_id', 'in', query.runs)
    .where('key', '=', query.key)
    .orderBy('run_id')
    .execute()
  return sampleTogether(
    series.map((one) => ({
      run: one.run_id,
      steps: (seeks) => seriesSteps(db, one.series_id, query, seeks),
      at: (steps) => seriesPointsAt(db, one.series_id, steps),
    })),
    query.points,
  )
}

/** A run's metric, wherever its points are. */
export interface SampledSource {
  readonly run: string
  /** Its ends and, where asked, about so many steps evenly between them; undefined where it has no point in the range. */
  readonly steps: (seeks: boolean) => Promise<SampledSteps | undefined>
  /** Its points at some steps. */
  readonly at: (steps: readonly number[]) => Promise<HistoryRow[]>
}

export interface SampledSteps {
  readonly low: number
  readonly high: number
  readonly steps: readonly number[]
}

/** The same steps of every source, and each one's first and last. */
export async function sampleTogether(
  sources: readonly SampledSource[],
  points: number,
): Promise<{ run: string; rows: HistoryRow[] }[]> {
  const steps = new Set<number>()
  const ends = new Map<string, readonly [number, number]>()
  for (const source of sources) {
    const found = await source.steps(steps.size < mostSteps)
    if (!found) continue
    ends.set(source.run, [found.low, found.high])
    if (steps.size >= mostSteps) continue
    for (const step of found.steps) steps.add(step)
    steps.add(found.high)
  }
  const wanted = thin(
    [...steps].toSorted((a, b) => a - b),
    points,
  )
  const answer: { run: string; rows: HistoryRow[] }[] = []
  for (const source of sources) {
    const rows = await source.at([...new Set([...wanted, ...(ends.get(source.run) ?? [])])])
    answer.push({
      run: source.run,
      rows: rows.toSorted((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value),
    })
  }
  return answer
}

/** The ends of a series in the table and steps between them. */
export async function seriesSteps(
  db: Reader,
  series: number,
  query: Pick<SampledQuery, 'points' | 'fromStep' | 'toStep'>,
  seeks: boolean,
): Promise<SampledSteps | undefined> {
  const range = sql`${query.fromStep === undefined ? sql`` : sql` and step >= ${query.fromStep}`}${query.toStep === undefined ? sql`` : sql` and step <= ${query.toStep}`}`
  // Each end by itself is one seek; both in one select would read the whole series.
  const points = sql`from run_metric_point where series_id = ${series}${range}`
  const found = await sql<{
    low: number | null
    high: number | null
  }>`select (select min(step) ${points}) as low, (select max(step) ${points}) as high`.execute(db as never)
  const { low = null, high = null } = found.rows[0] ?? {}
  if (low === null || high === null) return undefined
  const ends = { low: Number(low), high: Number(high) }
  return { ...ends, steps: seeks ? await seekSteps(db, series, ends.low, ends.high, query.points) : [] }
}

/** Points of a series in the table at some steps. */
export async function seriesPointsAt(db: Reader, series: number, steps: readonly number[]): Promise<HistoryRow[]> {
  const rows: HistoryRow[] = []
  for (let start = 0; start < steps.length; start += 1000)
    rows.push(
      ...(await db
        .selectFrom('run_metric_point')
        .select(['step', 'timestamp', 'value', 'is_nan'])
        .where('series_id', '=', series)
        .where('step', 'in', steps.slice(start, start + 1000))
        .execute()),
    )
  return rows
}

/** Of more steps than this none are added: a hundred runs that have no step in common. */
const mostSteps = 100_000
/** Distances along a curve are counted in parts of a step, as whole numbers that no database rounds in its own way. */
const parts = 256

/**
 * About `points` steps of a series, evenly between its first and its last, each of which it has. One statement seeks them all: asking for each by itself
 * costs ten times as much.
 */
async function seekSteps(
  db: Reader,
  series: number,
  low: number,
  high: number,
  points: number,
): Promise<readonly number[]> {
  const stride = strideOf(low, high, points)
  const integer = (value: number | string) => sql`cast(${value} as bigint)`
  // `at` is how far the seek has come, in parts of a step after the first; it never stays behind the step that it found.
  const next = sql`(case when seek.at + ${integer(stride)} > ${integer(parts)} * (seek.step - ${integer(low)} + 1)
    then seek.at + ${integer(stride)} else ${integer(parts)} * (seek.step - ${integer(low)} + 1) end)`
  const target = sql`${integer(low)} + (${next} + ${integer(parts - 1)}) / ${integer(parts)}`
  const { rows } = await sql<{ step: number }>`
    with recursive seek (step, at) as (
      select ${integer(low)}, ${integer(0)}
      union all
      select (select min(p.step) from run_metric_point p where p.series_id = ${series} and p.step >= ${target}), ${next}
      from seek where seek.step is not null and ${target} <= ${integer(high)}
    )
    select step from seek where step is not null`.execute(db as never)
  return rows.map((row) => Number(row.step))
}

/** The same steps as `seekSteps` finds, where `find` gives the first one from a number on. */
export function walkSteps(
  find: (from: number) => number | undefined,
  low: number,
  high: number,
  points: number,
): number[] {
  const stride = strideOf(low, high, points)
  const found: number[] = []
  for (let [step, at]: [number | undefined, number] = [low, 0]; step !== undefined; ) {
    found.push(step)
    at = Math.max(at + stride, parts * (step - low + 1))
    const target: number = low + Math.floor((at + parts - 1) / parts)
    step = target <= high ? find(target) : undefined
  }
  return found
}

const strideOf = (low: number, high: number, points: number): number =>
  Math.max(parts, Math.ceil((parts * (high - low)) / Math.max(1, points - 1)))

function thin(steps: readonly number[], most: number): number[] {
  if (steps.length <= most) return [...steps]
  const stride = steps.length / most
  return Array.from({ length: most }, (_, i) => steps[Math.floor(i * stride)] as number)
}
