import { createHash } from 'node:crypto'
import { canonicalRun, canonicalSeries, type ImportedRun } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { runDatasets } from './run-datasets.ts'
import { whereHot } from './archive/metric-places.ts'
import './tables.ts'

const pointsAtOnce = 50_000

/** Counts and digest of the canonical content of runs, as finished JSON `{runs: […]}`, or the mark that points of theirs are in files; runs that are not there are left out. Runs on a reader thread. */
export const runDigestBytes = (db: Reader, query: { project: string; runs: readonly string[] }): Promise<string> =>
  whereHot(db, query, () => digestBytes(db, query))

/** Runs without their points, as JSON. Runs on a reader thread. */
export const importedRunBytes = async (
  db: Reader,
  { project, runs }: { project: string; runs: readonly string[] },
): Promise<string> => JSON.stringify(await readImportedRuns(db, project, runs))

async function digestBytes(
  db: Reader,
  { project, runs }: { project: string; runs: readonly string[] },
): Promise<string> {
  const result: object[] = []
  for (const run of runs.length === 0 ? [] : await readImportedRuns(db, project, runs)) {
    const hash = createHash('sha256').update(canonicalRun(run))
    let points = 0
    const series = await db
      .selectFrom('run_metric')
      .select(['key', 'series_id', 'count'])
      .where('project_id', '=', project)
      .where('run_id', '=', run.id)
      .execute()
    for (const { key, series_id, count } of series.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
      const list = await readPoints(db, series_id)
      if (list.length !== Number(count)) throw new Error(`The count of metric "${key}" of run ${run.id} is wrong.`)
      points += list.length
      hash.update(canonicalSeries(key, list))
    }
    result.push({
      run: run.id,
      params: Object.keys(run.params).length,
      tags: Object.keys(run.tags).length,
      points,
      digest: hash.digest('hex'),
    })
  }
  return JSON.stringify({ runs: result })
}

type Point = [step: number, timestamp: number, value: number | null]

async function readPoints(db: Reader, series: number): Promise<Point[]> {
  const points: Point[] = []
  let last: { step: number; timestamp: number; value: number; is_nan: number } | undefined
  for (;;) {
    let select = db
      .selectFrom('run_metric_point')
      .select(['step', 'timestamp', 'value', 'is_nan'])
      .where('series_id', '=', series)
    if (last) {
      const { step, timestamp, value, is_nan } = last
      select = select.where((e) =>
        e(e.refTuple('step', 'timestamp', 'value', 'is_nan'), '>', e.tuple(step, timestamp, value, is_nan)),
      )
    }
    const rows = await select
      .orderBy('step')
      .orderBy('timestamp')
      .orderBy('value')
      .orderBy('is_nan')
      .limit(pointsAtOnce)
      .execute()
    for (const row of rows) points.push([row.step, row.timestamp, row.is_nan === 1 ? null : row.value])
    if (rows.length < pointsAtOnce) return points
    last = rows.at(-1)
  }
}

/** Runs as an import would send them; `experiment` is the id here. */
async function readImportedRuns(db: Reader, project: string, ids: readonly string[]): Promise<ImportedRun[]> {
  const rows = await db.selectFrom('run').selectAll().where('project_id', '=', project).where('id', 'in', ids).execute()
  const pairsOf = async (table: 'run_param' | 'run_tag') =>
    Map.groupBy(
      await db.selectFrom(table).selectAll().where('project_id', '=', project).where('run_id', 'in', ids).execute(),
      (row) => row.run_id,
    )
  const [params, tags] = [await pairsOf('run_param'), await pairsOf('run_tag')]
  const datasets = Map.groupBy(await runDatasets(db, project, ids), (row) => row.run_id)
  const models = Map.groupBy(
    await db.selectFrom('run_model').selectAll().where('project_id', '=', project).where('run_id', 'in', ids).execute(),
    (row) => row.run_id,
  )
  const record = (list: readonly { key: string; value: string }[] | undefined) =>
    Object.fromEntries((list ?? []).map(({ key, value }) => [key, value]))
  return rows.map((row) => ({
    id: row.id,
    experiment: row.experiment_id,
    name: row.name,
    user: row.user_id,
    status: row.status,
    lifecycle: row.lifecycle,
    startTime: row.start_time,
    endTime: row.end_time,
    params: record(params.get(row.id)),
    tags: record(tags.get(row.id)),
    datasets: (datasets.get(row.id) ?? []).map((one) => ({
      name: one.name,
      digest: one.digest,
      sourceType: one.source_type,
      source: one.source,
      schema: one.schema,
      profile: one.profile,
      tags: JSON.parse(one.tags) as { key: string; value: string }[],
    })),
    models: (models.get(row.id) ?? []).map(({ direction, model_id, step }) => ({ direction, model: model_id, step })),
  }))
}
