import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { addBlobRef } from '../../../kernel/blobs/index.ts'
import type { Database, Reader, Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Relation } from '../../../kernel/ports/index.ts'
import { fillFirstPoints } from '../log-metrics.ts'
import { queueSeries } from '../trash/drain-series.ts'
import { pointColumns, pointLines, writeLines } from './write-point-lines.ts'
import type { MetricArchiveKeyTable } from './tables.ts'
import '../tables.ts'

export type ArchiveRunDeps = Pick<Kernel, 'db' | 'clock' | 'blobs' | 'tables' | 'paths'>

/** What was moved. */
export interface ArchivedRun {
  readonly points: number
  readonly bytes: number
}

interface SeriesState {
  readonly key: string
  readonly series: number
  readonly count: number
  readonly nans: number
  readonly min: number | null
  readonly max: number | null
  readonly low: number | null
  readonly high: number
  readonly last: number
}

/** A chart asks for some hundred points of very many: the fewer lie around each of them, the less is read in vain. */
const groupRows = 16_384
const mostKeys = 1_000_000
const keyColumns = ['project_id', 'run_id', 'key', 'points', 'nan_count', 'low_step', 'high_step', 'every'] as const
const ended = ['FINISHED', 'FAILED', 'KILLED'] as const

/**
 * Writes all points of an ended run to one Parquet file, together with those of an earlier one, compares it with what is known of each metric, and only then, in one
 * transaction, says that they are there and gives the metrics new series: those of before are no longer read, and deleted later (`drainSeries`). Undefined where the run has no
 * points in the table, is not ended, or got points meanwhile: then nothing has changed.
 */
export async function archiveRun(
  deps: ArchiveRunDeps,
  project: string,
  run: string,
  signal?: AbortSignal,
): Promise<ArchivedRun | undefined> {
  const { db, blobs, tables, clock, paths } = deps
  let before = await stateOf(db.read, project, run)
  if (before.some(({ low }) => low === null)) {
    await db.write.transaction().execute((trx) => fillFirstPoints(trx, project, run))
    before = await stateOf(db.read, project, run)
  }
  const earlier = await earlierFile(db.read, project, run)
  const total = before.reduce((sum, { count }) => sum + count, 0)
  if (total === 0 || total === (earlier?.points ?? 0)) return undefined
  const folder = await mkdtemp(join(paths.tmp, 'points-'))
  try {
    const lines = join(folder, 'points.ndjson')
    const labels = before.map(({ series, key }) => ({ id: series, label: `"key":${JSON.stringify(key)},` }))
    await writeLines(lines, pointLines(db, labels, signal))
    const file = join(folder, 'points.parquet')
    const relations: Record<string, Relation> = {
      fresh: { format: 'ndjson', files: [lines], columns: [{ name: 'key', type: 'string' }, ...pointColumns] },
    }
    if (earlier) relations['earlier'] = { format: 'parquet', files: [await blobs.localPath(project, earlier.blob)] }
    const from = (name: string): string => `select key, step, timestamp, value from ${name}`
    await tables.write(
      {
        sql: `select cast(? as varchar) as run_id, key,
            row_number() over (partition by key order by timestamp, step, coalesce(value, 0), value is null) as n,
            step, timestamp, value
          from (${Object.keys(relations).map(from).join(' union all ')}) order by key, n`,
        params: [run],
        relations,
        trusted: true,
        output: { path: file, format: 'parquet', groupRows },
      },
      signal ? { signal } : {},
    )
    const keys = await keysOf(deps, { project, run, file }, signal)
    if (!isWhole(before, keys)) return undefined
    const { digest, size } = await blobs.put(project, createReadStream(file))
    const stored = { project_id: project, run_id: run, blob: digest, bytes: size, points: total, archived_at: clock() }
    const isDone = await db.write.transaction().execute(async (trx) => {
      if (!(await isSame(db, trx, project, run, before, earlier?.blob))) return false
      for (const table of ['metric_archive', 'metric_archive_key'] as const)
        await trx.deleteFrom(table).where('project_id', '=', project).where('run_id', '=', run).execute()
      await trx.insertInto('metric_archive').values(stored).execute()
      const rows = keys.map((row) => keyColumns.map((name) => row[name]))
      await db.bulkInsert(trx, 'metric_archive_key', keyColumns, rows)
      await trx
        .deleteFrom('blob_ref')
        .where('project_id', '=', project)
        .where('owner', '=', archiveUrn(project, run))
        .execute()
      const owner = archiveUrn(project, run)
      await addBlobRef(trx, { project, digest, owner, size, at: stored.archived_at })
      await renewSeries(db, trx, project, run)
      return true
    })
    return isDone ? { points: total, bytes: size } : undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Who holds the file with a run's points. */
export const archiveUrn = (project: string, run: string) => urn(project, 'run-metrics', run)

async function stateOf(db: Reader, project: string, run: string): Promise<SeriesState[]> {
  const rows = await db
    .selectFrom('run_metric')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .orderBy('key')
    .execute()
  return rows.map((row) => ({
    key: row.key,
    series: Number(row.series_id),
    count: Number(row.count),
    nans: Number(row.nan_count),
    min: row.min_value,
    max: row.max_value,
    low: row.first_step === null ? null : Number(row.first_step),
    high: Number(row.last_step),
    last: Number(row.last_timestamp),
  }))
}

const earlierFile = (db: Reader, project: string, run: string) =>
  db
    .selectFrom('metric_archive')
    .select(['blob', 'points'])
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .executeTakeFirst()
    .then((row) => row && { blob: row.blob, points: Number(row.points) })

interface StoredKey extends MetricArchiveKeyTable {
  readonly min: number | null
  readonly max: number | null
}

/** What the file holds of each metric, read back from it. */
async function keysOf(
  { tables }: ArchiveRunDeps,
  { project, run, file }: { project: string; run: string; file: string },
  signal?: AbortSignal,
): Promise<StoredKey[]> {
  const { rows } = await tables.query(
    {
      sql: `with gaps as (
          select key, step - lag(step) over (partition by key order by step) as gap
          from (select distinct key, step from points)
        ), even as (
          select key, case when min(gap) = max(gap) then min(gap) when count(gap) = 0 then 1 end as every from gaps group by key
        )
        select key, count(*), count(*) filter (where value is null), min(step), max(step), any_value(every), min(value), max(value)
        from points join even using (key) group by key order by key`,
      relations: { points: { format: 'parquet', files: [file] } },
      trusted: true,
      maxRows: mostKeys,
    },
    { timeoutMs: 600_000, ...(signal ? { signal } : {}) },
  )
  const numberOf = (value: unknown): number | null => (value === null ? null : Number(value))
  return rows.map(([key, points, nans, low, high, every, min, max]) => ({
    project_id: project,
    run_id: run,
    key: String(key),
    points: Number(points),
    nan_count: Number(nans),
    low_step: Number(low),
    high_step: Number(high),
    every: numberOf(every),
    min: numberOf(min),
    max: numberOf(max),
  }))
}

/** Whether a file has of each metric what was counted as the points came. */
function isWhole(before: readonly SeriesState[], keys: readonly StoredKey[]): boolean {
  const stored = new Map(keys.map((row) => [row.key, row]))
  return (
    stored.size === before.length &&
    before.every((row) => {
      const found = stored.get(row.key)
      return (
        found !== undefined &&
        found.points === row.count &&
        found.nan_count === row.nans &&
        found.min === row.min &&
        found.max === row.max &&
        found.high_step === row.high &&
        (row.low === null || found.low_step === row.low)
      )
    })
  )
}

/** The run is ended still and nothing was added to it. On Postgres its row is held, as by whoever logs. */
async function isSame(
  db: Database,
  trx: Trx,
  project: string,
  run: string,
  before: readonly SeriesState[],
  blob: string | undefined,
): Promise<boolean> {
  const select = trx.selectFrom('run').select('status').where('project_id', '=', project).where('id', '=', run)
  const found = await (db.dialect === 'postgres' ? select.forUpdate() : select).executeTakeFirst()
  if (!found || !ended.includes(found.status as (typeof ended)[number])) return false
  const reader = trx as unknown as Reader
  if ((await earlierFile(reader, project, run))?.blob !== blob) return false
  return JSON.stringify(await stateOf(reader, project, run)) === JSON.stringify(before)
}

/** New numbers for all metrics of a run; what stands under those of before is to be deleted. */
async function renewSeries(db: Database, trx: Trx, project: string, run: string): Promise<void> {
  await queueSeries(trx, project, [run])
  if (db.dialect === 'postgres') {
    await sql`update run_metric set series_id = nextval('run_metric_series') where project_id = ${project} and run_id = ${run}`.execute(
      trx,
    )
    return
  }
  await sql`
    update run_metric set series_id = top.series + o.n
    from (select key as k, row_number() over (order by key) as n from run_metric where project_id = ${project} and run_id = ${run}) o,
      (select max((select max(series_id) from run_metric), (select max(series_id) from removed_series)) as series) top
    where project_id = ${project} and run_id = ${run} and key = o.k`.execute(trx)
}
