import type { RunMetricsMessage } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { withArchivedPoints } from './archive/archived-points.ts'
import { trackingErrors } from './errors.ts'
import type { TagChange, TrackingDeps } from './experiments.ts'
import { type StoredPoint, storedValue } from './fold-points.ts'
import { logModelMetrics } from './logged-model-metrics.ts'
import { logMetrics } from './log-metrics.ts'
import { requireActiveRun, writeTags } from './runs.ts'

/** A metric point as a client logs it. */
export interface LoggedMetric {
  readonly key: string
  readonly value: number
  readonly timestamp: number
  readonly step: number
  /** The logged model that it also belongs to, and the dataset it was measured on. */
  readonly modelId?: string
  readonly datasetName?: string
  readonly datasetDigest?: string
}

export interface Batch {
  readonly metrics: readonly LoggedMetric[]
  readonly params: readonly { readonly key: string; readonly value: string }[]
  readonly tags: readonly TagChange[]
}

/** Logs parameters, metrics and tags of a run: all of them or none. */
export async function logBatch(deps: TrackingDeps, scope: Scope, run: string, batch: Batch): Promise<void> {
  const { project } = scope
  const points = batch.metrics.map(
    (m): StoredPoint => ({ key: m.key, step: m.step, timestamp: m.timestamp, ...storedValue(m.value) }),
  )
  await withArchivedPoints(deps, (archived) =>
    deps.db.write.transaction().execute(async (trx) => {
      await requireActiveRun(trx, project, run)
      await logParams(deps, trx, project, run, batch.params)
      await logMetrics(deps.db, trx, project, run, points, archived)
      await logModelMetrics({ db: deps.db, now: deps.clock() }, trx, project, run, batch.metrics)
      await writeTags(trx, project, run, batch.tags)
    }),
  )
  if (points.length > 0) {
    const message: RunMetricsMessage = {
      run,
      points: points.map((p) => ({
        key: p.key,
        step: p.step,
        timestamp: p.timestamp,
        value: p.isNan ? null : p.value,
      })),
    }
    deps.volatile.publish(project, 'run.metrics', message as unknown as Record<string, unknown>)
  }
}

/** Parameters are written once: the same value again is fine, another one is an error. */
async function logParams(
  { db }: Pick<TrackingDeps, 'db'>,
  trx: Trx,
  project: string,
  run: string,
  params: Batch['params'],
): Promise<void> {
  if (params.length === 0) return
  const keys = params.map(({ key }) => key)
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i)
  if (twice.length > 0) throw trackingErrors.DUPLICATE_PARAM([...new Set(twice)].join(', '))
  const known = new Map(
    (
      await trx
        .selectFrom('run_param')
        .select(['key', 'value'])
        .where('project_id', '=', project)
        .where('run_id', '=', run)
        .where('key', 'in', keys)
        .execute()
    ).map((row) => [row.key, row.value]),
  )
  for (const { key, value } of params) {
    const old = known.get(key)
    if (old !== undefined && old !== value) throw trackingErrors.PARAM_CHANGED(key, old, run, value)
  }
  await db.bulkInsert(
    trx,
    'run_param',
    ['project_id', 'run_id', 'key', 'value'],
    params.filter(({ key }) => !known.has(key)).map(({ key, value }) => [project, run, key, value]),
  )
}

/** Removes a tag of an active run. */
export async function deleteRunTag(deps: TrackingDeps, scope: Scope, run: string, key: string): Promise<void> {
  await deps.db.write.transaction().execute(async (trx) => {
    await requireActiveRun(trx, scope.project, run)
    const gone = await trx
      .deleteFrom('run_tag')
      .where('project_id', '=', scope.project)
      .where('run_id', '=', run)
      .where('key', '=', key)
      .executeTakeFirst()
    if (gone.numDeletedRows === 0n) throw trackingErrors.TAG_NOT_FOUND(key, run)
  })
}
