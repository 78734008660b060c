import type { RecoveredPoint, RunMetricsMessage } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../../kernel/db/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { withArchivedPoints } from '../archive/archived-points.ts'
import type { MetricReads } from '../archive/metric-reads.ts'
import { trackingErrors } from '../errors.ts'
import type { TrackingDeps } from '../experiments.ts'
import { type StoredPoint, storedValue } from '../fold-points.ts'
import { logMetrics } from '../log-metrics.ts'
import { requireActiveRun, requireRun } from '../runs.ts'
import { runUrn } from '../urns.ts'
import { isCheckpoint } from './list-checkpoints.ts'
import type { RecoveredPointTable } from './tables.ts'
import './tables.ts'

/** What was computed from one checkpoint. */
export interface Recovery {
  readonly checkpoint: string
  readonly step: number
  readonly points: readonly { readonly key: string; readonly value: number }[]
}

/** Adds points to a run at the step of one of its checkpoints, all or none, and says how many were not there; event `run.metrics-recovered`. */
export async function recoverPoints(
  deps: TrackingDeps & { readonly metrics: Pick<MetricReads, 'series'> },
  scope: Scope,
  run: string,
  { checkpoint, step, points: given }: Recovery,
): Promise<number> {
  const { project } = scope
  const at = deps.clock()
  const keys = given.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) throw trackingErrors.INVALID(`"${twice}" is in the request twice. Send each metric once.`)
  await requireRun(deps.db.read, project, run)
  // Points that are in a file came before this call; those of the table are looked at again in the transaction.
  const { series } = await deps.metrics.series({ project, runs: [run], keys, points: 2, fromStep: step, toStep: step })
  const measured = new Set(series.filter(({ total }) => total > 0).map(({ key }) => key))
  const fresh = await withArchivedPoints(deps, (archived) =>
    deps.db.write.transaction().execute(async (trx) => {
      const { name } = await requireActiveRun(trx, project, run)
      if (!(await isCheckpoint(asReader(trx), project, run, { uri: checkpoint, step })))
        throw trackingErrors.CHECKPOINT_NOT_FOUND(checkpoint, step)
      const recovered = await recoveredAt(trx, { project, run, step, keys })
      for (const key of await measuredAt(trx, { project, run, step, keys })) measured.add(key)
      const points: StoredPoint[] = []
      for (const { key, value } of given) {
        const point: StoredPoint = { key, step, timestamp: at, ...storedValue(value) }
        const before = recovered.get(key)
        if (before === undefined) {
          if (measured.has(key)) throw trackingErrors.MEASURED_LIVE(key, step)
          points.push(point)
        } else if (before.value !== point.value || before.is_nan !== point.isNan)
          throw trackingErrors.RECOVERED_OTHERWISE(
            key,
            step,
            before.is_nan === 1 ? 'NaN' : String(before.value),
            before.checkpoint,
          )
      }
      if (points.length === 0) return []
      await logMetrics(deps.db, trx, project, run, points, archived)
      await trx
        .insertInto('run_recovered_point')
        .values(
          points.map(({ key, value, isNan }) => ({
            project_id: project,
            run_id: run,
            key,
            step,
            value,
            is_nan: isNan,
            checkpoint,
            recovered_at: at,
            recovered_by: scope.principal.id,
          })),
        )
        .execute()
      await deps.events.append(trx, {
        project,
        name: 'run.metrics-recovered',
        schema: 1,
        by: scope.principal.id,
        subject: runUrn(project, run),
        refs: [],
        data: { name, metrics: points.map(({ key }) => key), step, checkpoint },
      })
      return points
    }),
  )
  if (fresh.length > 0) {
    const message: RunMetricsMessage = {
      run,
      points: fresh.map((p) => ({ key: p.key, step, timestamp: at, value: p.isNan === 1 ? null : p.value })),
    }
    deps.volatile.publish(project, 'run.metrics', message as unknown as Record<string, unknown>)
  }
  return fresh.length
}

interface Asked {
  readonly project: string
  readonly run: string
  readonly step: number
  readonly keys: readonly string[]
}

async function recoveredAt(
  trx: Trx,
  { project, run, step, keys }: Asked,
): Promise<Map<string, Pick<RecoveredPointTable, 'value' | 'is_nan' | 'checkpoint'>>> {
  const rows = await trx
    .selectFrom('run_recovered_point')
    .select(['key', 'value', 'is_nan', 'checkpoint'])
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .where('step', '=', step)
    .where('key', 'in', keys)
    .execute()
  return new Map(rows.map(({ key, ...row }) => [key, row]))
}

/** The metrics that have a point of the step in the table. */
async function measuredAt(trx: Trx, { project, run, step, keys }: Asked): Promise<string[]> {
  const rows = await trx
    .selectFrom('run_metric')
    .innerJoin('run_metric_point', 'run_metric_point.series_id', 'run_metric.series_id')
    .select('run_metric.key')
    .distinct()
    .where('run_metric.project_id', '=', project)
    .where('run_metric.run_id', '=', run)
    .where('run_metric.key', 'in', keys)
    .where('run_metric_point.step', '=', step)
    .execute()
  return rows.map(({ key }) => key)
}

/** The recovered points of a run, by metric and step. */
export async function listRecovered(db: Reader, project: string, run: string, key?: string): Promise<RecoveredPoint[]> {
  await requireRun(db, project, run)
  let select = db
    .selectFrom('run_recovered_point as point')
    .leftJoin('principal', 'principal.id', 'point.recovered_by')
    .select([
      'point.key',
      'point.step',
      'point.checkpoint',
      'point.recovered_at',
      'point.recovered_by',
      'principal.name as by_name',
    ])
    .where('point.project_id', '=', project)
    .where('point.run_id', '=', run)
  if (key !== undefined) select = select.where('point.key', '=', key)
  const rows = await select.orderBy('point.key').orderBy('point.step').execute()
  return rows.map((row) => ({
    key: row.key,
    step: Number(row.step),
    checkpoint: row.checkpoint,
    at: Number(row.recovered_at),
    by: row.recovered_by,
    byName: row.by_name ?? row.recovered_by,
  }))
}

/** How many points of metrics were recovered, by `RUN KEY`. */
export async function countRecovered(
  db: Reader,
  project: string,
  runs: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('run_recovered_point')
    .select((e) => ['run_id', 'key', e.fn.countAll<number>().as('points')])
    .where('project_id', '=', project)
    .where('run_id', 'in', runs)
    .groupBy(['run_id', 'key'])
    .execute()
  return new Map(rows.map((row) => [`${row.run_id} ${row.key}`, Number(row.points)]))
}
