import { type RawBuilder, sql } from 'kysely'
import { type Database, oneOf, type Reader, type Trx } from '../../kernel/db/index.ts'
import { trackingErrors } from './errors.ts'
import { storedValue } from './fold-points.ts'
import type { LoggedMetric } from './log-batch.ts'
import type { LoggedModelMetricTable, LoggedModelPointTable } from './tables.ts'
import './tables.ts'

/** A point as it is stored, without its project and place. */
export type LoggedModelPoint = Omit<LoggedModelPointTable, 'project_id' | 'position'>

export const pointColumns = [
  'model_id',
  'key',
  'timestamp',
  'step',
  'run_id',
  'dataset_name',
  'dataset_digest',
  'value',
  'is_nan',
] as const
const identityOf = (p: Pick<LoggedModelPoint, 'model_id' | 'key' | 'timestamp' | 'step' | 'run_id'>): string =>
  JSON.stringify([p.model_id, p.key, p.timestamp, p.step, p.run_id])
const contentOf = (p: LoggedModelPoint): string =>
  JSON.stringify([p.is_nan === 1 ? null : p.value, p.dataset_name, p.dataset_digest])

/**
 * Metrics that name a logged model belong to it as well, also to a deleted one. The same point again is none; with another value or dataset it is
 * TRACKING.LOGGED_MODEL_POINT_TAKEN, and a model that is not there TRACKING.NO_LOGGED_MODEL_FOR_METRIC.
 */
export async function logModelMetrics(
  { db, now }: { db: Database; now: number },
  trx: Trx,
  project: string,
  run: string,
  metrics: readonly LoggedMetric[],
): Promise<void> {
  const points = new Map<string, LoggedModelPoint>()
  for (const { modelId, key, step, timestamp, value, datasetName, datasetDigest } of metrics) {
    if (!modelId) continue
    const stored = storedValue(value)
    const point = {
      model_id: modelId,
      key,
      timestamp,
      step,
      run_id: run,
      dataset_name: datasetName ?? '',
      dataset_digest: datasetDigest ?? '',
      value: stored.value,
      is_nan: stored.isNan,
    }
    const same = points.get(identityOf(point))
    if (same && contentOf(same) !== contentOf(point))
      throw trackingErrors.LOGGED_MODEL_POINT_TAKEN(key, modelId, step, timestamp)
    points.set(identityOf(point), point)
  }
  if (points.size === 0) return
  const models = [...new Set([...points.values()].map((point) => point.model_id))]
  const known = await trx
    .selectFrom('logged_model')
    .select('id')
    .where('project_id', '=', project)
    .where('id', 'in', models)
    .execute()
  const missing = models.find((id) => !known.some((one) => one.id === id))
  if (missing !== undefined) throw trackingErrors.NO_LOGGED_MODEL_FOR_METRIC(missing)
  await keepOldRows(trx, project, models)
  await putPoints(db, trx, project, now, [...points.values()])
  await refuseOthers(db, trx, project, points)
  await keepLatest(trx, project, points.values())
}

/** What a program before 0170 wrote becomes a point. */
async function keepOldRows(trx: Trx, project: string, models: readonly string[]): Promise<void> {
  const names = sql.join(pointColumns.map((column) => sql.ref(column)))
  await sql`insert into logged_model_point (project_id, ${names}, position) select project_id, ${names}, 0 from logged_model_metric where project_id = ${project} and model_id in (${sql.join(models)}) on conflict do nothing`.execute(
    trx,
  )
}

/** Stores points that are not there yet, in the order in which they come. */
export async function putPoints(
  db: Pick<Database, 'bulkInsert'>,
  trx: Trx,
  project: string,
  now: number,
  points: readonly LoggedModelPoint[],
): Promise<void> {
  const rows = points.map((point, at) => [project, ...pointColumns.map((column) => point[column]), now * 1000 + at])
  await db.bulkInsert(trx, 'logged_model_point', ['project_id', ...pointColumns, 'position'], rows, {
    onConflict: 'ignore',
  })
}

/** What is stored now is what was to be stored, or else another point was there. */
async function refuseOthers(
  { dialect }: Pick<Database, 'dialect'>,
  trx: Trx,
  project: string,
  points: ReadonlyMap<string, LoggedModelPoint>,
): Promise<void> {
  const all = [...points.values()]
  const distinct = (of: 'model_id' | 'key') => [...new Set(all.map((point) => point[of]))]
  const stored = await trx
    .selectFrom('logged_model_point')
    .select(pointColumns)
    .where('project_id', '=', project)
    .where('model_id', 'in', distinct('model_id'))
    .where(oneOf(dialect, 'key', distinct('key')))
    .where(
      'timestamp',
      '>=',
      all.reduce((least, { timestamp }) => Math.min(least, timestamp), Number.MAX_SAFE_INTEGER),
    )
    .where(
      'timestamp',
      '<=',
      all.reduce((most, { timestamp }) => Math.max(most, timestamp), 0),
    )
    .execute()
  for (const row of stored) {
    const wanted = points.get(identityOf(row))
    if (wanted && contentOf(wanted) !== contentOf(row))
      throw trackingErrors.LOGGED_MODEL_POINT_TAKEN(row.key, row.model_id, row.step, row.timestamp)
  }
}

const isLater = (a: LoggedModelPoint, b: LoggedModelPoint): boolean =>
  a.step === b.step ? a.timestamp >= b.timestamp : a.step > b.step

/** The last of each metric, run and dataset, by step and time. */
export function latestOf(points: Iterable<LoggedModelPoint>): LoggedModelPoint[] {
  const latest = new Map<string, LoggedModelPoint>()
  for (const point of points) {
    const of = JSON.stringify([point.model_id, point.key, point.run_id, point.dataset_name, point.dataset_digest])
    const before = latest.get(of)
    if (!before || isLater(point, before)) latest.set(of, point)
  }
  return [...latest.values()]
}

async function keepLatest(trx: Trx, project: string, points: Iterable<LoggedModelPoint>): Promise<void> {
  for (const row of latestOf(points))
    await trx
      .insertInto('logged_model_metric')
      .values({ project_id: project, ...row })
      .onConflict((c) =>
        c
          .columns(['project_id', 'model_id', 'key', 'run_id', 'dataset_name', 'dataset_digest'])
          .doUpdateSet({ value: row.value, is_nan: row.is_nan, step: row.step, timestamp: row.timestamp })
          .where((e) =>
            e.or([
              e('logged_model_metric.step', '<', row.step),
              e.and([
                e('logged_model_metric.step', '=', row.step),
                e('logged_model_metric.timestamp', '<=', row.timestamp),
              ]),
            ]),
          ),
      )
      .execute()
}

/** All points of logged models, in the order in which they came. */
export async function loggedModelPoints(
  db: Reader,
  project: string,
  models: readonly string[],
): Promise<LoggedModelPoint[]> {
  const points = await db
    .selectFrom('logged_model_point')
    .select([...pointColumns, 'position'])
    .where('project_id', '=', project)
    .where('model_id', 'in', models)
    .execute()
  const known = new Set(points.map(identityOf))
  const old = await lastOfModels(db, project, models)
  return [...old.filter((row) => !known.has(identityOf(row))), ...points.toSorted((a, b) => a.position - b.position)]
}

/** The last point of each metric, run and dataset, by metric and time. */
export function lastOfModels(
  db: Reader,
  project: string,
  models: readonly string[],
): Promise<LoggedModelMetricTable[]> {
  return db
    .selectFrom('logged_model_metric')
    .selectAll()
    .where('project_id', '=', project)
    .where('model_id', 'in', models)
    .orderBy('key')
    .orderBy('timestamp')
    .orderBy('step')
    .execute()
}

const sources = ['logged_model_point', 'logged_model_metric'] as const

/** Whether the model `l` has a point `m` for which something holds; rows of a program before 0170 count. */
export function hasPoint(test: RawBuilder<unknown>): RawBuilder<unknown> {
  const one = (table: string) =>
    sql`exists (select 1 from ${sql.table(table)} m where m.project_id = l.project_id and m.model_id = l.id and ${test})`
  return sql`(${sql.join(sources.map(one), sql` or `)})`
}

/** The value of the newest point of the model `l` for which something holds, as MLflow takes it: by time, then step. */
export function newestPoint(test: RawBuilder<unknown>): RawBuilder<unknown> {
  const one = (table: string) =>
    sql`select m.value, m.timestamp, m.step, m.run_id from ${sql.table(table)} m where m.project_id = l.project_id and m.model_id = l.id and ${test}`
  return sql`(select p.value from (${sql.join(sources.map(one), sql` union all `)}) p order by p.timestamp desc, p.step desc, p.run_id limit 1)`
}

/** Removes the points that runs gave to logged models, also to those of other runs. */
export async function removePointsOfRuns(trx: Trx, project: string, runs: readonly string[]): Promise<void> {
  const of = (table: 'logged_model_point' | 'run_model') =>
    trx.selectFrom(table).select('model_id').distinct().where('project_id', '=', project).where('run_id', 'in', runs)
  const models = await of('logged_model_point').union(of('run_model')).execute()
  if (models.length === 0) return
  const ids = models.map((row) => row.model_id)
  for (const table of sources)
    await trx
      .deleteFrom(table)
      .where('project_id', '=', project)
      .where('model_id', 'in', ids)
      .where('run_id', 'in', runs)
      .execute()
}
