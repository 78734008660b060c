import type { Reader } from '../../../kernel/db/index.ts'
import '../tables.ts'
import './tables.ts'

/** Where the points of one metric of a run are. */
export interface MetricPlace {
  readonly run: string
  readonly key: string
  readonly series: number
  /** All points, and how many of them are in the file. */
  readonly count: number
  readonly stored: number
  /** Digest of the run's Parquet file, where some points of the metric are in it. */
  readonly blob: string | null
  readonly low: number
  readonly high: number
  /** The distance of the steps in the file where it is always the same. */
  readonly every: number | null
}

export interface MetricsQuery {
  readonly project: string
  readonly runs: readonly string[]
  /** All metrics of the runs without it. */
  readonly keys?: readonly string[]
}

/** The metrics of runs, by run and key. */
export async function metricPlaces(db: Reader, { project, runs, keys }: MetricsQuery): Promise<MetricPlace[]> {
  if (runs.length === 0 || keys?.length === 0) return []
  let select = db
    .selectFrom('run_metric as m')
    .leftJoin('metric_archive_key as k', (join) =>
      join.onRef('k.project_id', '=', 'm.project_id').onRef('k.run_id', '=', 'm.run_id').onRef('k.key', '=', 'm.key'),
    )
    .leftJoin('metric_archive as a', (join) =>
      join.onRef('a.project_id', '=', 'k.project_id').onRef('a.run_id', '=', 'k.run_id'),
    )
    .select([
      'm.run_id',
      'm.key',
      'm.series_id',
      'm.count',
      'k.points',
      'a.blob',
      'k.low_step',
      'k.high_step',
      'k.every',
    ])
    .where('m.project_id', '=', project)
    .where('m.run_id', 'in', runs)
  if (keys) select = select.where('m.key', 'in', keys)
  const rows = await select.execute()
  const places = rows.map((row) => ({
    run: row.run_id,
    key: row.key,
    series: Number(row.series_id),
    count: Number(row.count),
    stored: Number(row.points ?? 0),
    blob: row.points === null ? null : row.blob,
    low: Number(row.low_step ?? 0),
    high: Number(row.high_step ?? 0),
    every: row.every === null ? null : Number(row.every),
  }))
  return places.toSorted((a, b) => (a.run === b.run ? (a.key < b.key ? -1 : 1) : a.run < b.run ? -1 : 1))
}

async function isArchived(db: Reader, { project, runs, keys }: MetricsQuery): Promise<boolean> {
  if (runs.length === 0 || keys?.length === 0) return false
  let select = db
    .selectFrom('metric_archive_key')
    .select('key')
    .where('project_id', '=', project)
    .where('run_id', 'in', runs)
  if (keys) select = select.where('key', 'in', keys)
  return (await select.limit(1).executeTakeFirst()) !== undefined
}

/** No JSON text begins so. */
const elsewhere = '\0'

/**
 * On a reader thread: the answer of `read`, which looks into the table alone, or the mark that some points are not there. They may leave while it reads; then they
 * are in a file afterwards, and the answer is not used.
 */
export async function whereHot(db: Reader, query: MetricsQuery, read: () => Promise<string>): Promise<string> {
  if (await isArchived(db, query)) return elsewhere
  const answer = await read()
  return (await isArchived(db, query)) ? elsewhere : answer
}

/** Whether a read on a thread found that the points are not all in the table. */
export const isElsewhere = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0] === 0
