import type { LabelDay } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { latestSnapshot } from '../../kernel/tables/catalog.ts'
import { cohortSql, type PredictionRange, predictionsSql } from './cohort-sql.ts'
import { predictionTable } from './prediction-table.ts'
import { labelRelation, predictionRelation, predictionTimes } from './read-relations.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables'>
interface Target {
  project: string
  deployment: string
}

const dayMs = 86_400_000
const hourMs = 3_600_000
const defaultDays = 60

/** How many predictions of each day have a label that is known at `asOf`, and how long labels take. */
export async function labelCompleteness(
  deps: Deps,
  { project, deployment, asOf }: Target & { asOf: number },
  wanted: Partial<PredictionRange>,
): Promise<{
  days: LabelDay[]
  predicted: number
  labelled: number
  delay: { medianMs: number; p95Ms: number } | null
}> {
  const range = await rangeOf(deps, { project, deployment }, wanted, defaultDays * dayMs)
  if (!range) return { days: [], predicted: 0, labelled: 0, delay: null }
  const { rows } = await deps.tables.query({
    sql: `with cohort as materialized (${cohortSql(range, asOf)})
      select event_time - event_time % ${dayMs} as day, count(*), count(label_kind), avg(label_number), null as delays from cohort group by day
      union all
      select null as day, count(*), count(label_kind), null, quantile_cont(label_time - event_time, [0.5, 0.95]) filter (label_kind is not null) as delays from cohort
      order by day nulls last`,
    relations: {
      predictions: await predictionRelation(deps, project, deployment, range),
      labels: await labelRelation(deps, project, deployment, asOf),
    },
    trusted: true,
  })
  const totals = rows.at(-1) ?? []
  const delays = totals[4] as [number, number] | null
  return {
    days: rows.slice(0, -1).map(([at, predicted, labelled, mean]) => ({
      at: Number(at),
      predicted: Number(predicted),
      labelled: Number(labelled),
      share: Number(labelled) / Number(predicted),
      mean: mean === null ? null : Number(mean),
    })),
    predicted: Number(totals[1]),
    labelled: Number(totals[2]),
    delay: delays && { medianMs: Number(delays[0]), p95Ms: Number(delays[1]) },
  }
}

export interface TrafficBucket {
  at: number
  release: string
  model: string
  version: number
  predictions: number
  p50Micros: number
  p99Micros: number
}

/** Predictions by hour or day of event time and by release. */
export async function predictionTraffic(
  deps: Deps,
  target: Target,
  wanted: Partial<PredictionRange>,
  by: 'hour' | 'day',
): Promise<{ predictions: number; newest: number | null; buckets: TrafficBucket[] }> {
  const { project, deployment } = target
  const size = by === 'hour' ? hourMs : dayMs
  const range = await rangeOf(deps, target, wanted, by === 'hour' ? 7 * dayMs : defaultDays * dayMs)
  if (!range) return { predictions: 0, newest: null, buckets: [] }
  const { rows } = await deps.tables.query({
    sql: `select event_time - event_time % ${size} as bucket, release, any_value(model), any_value(version), count(*), quantile_cont(latency_us, [0.5, 0.99])
      from (${predictionsSql(range, 'event_time, release, model, version, latency_us')}) group by bucket, release order by bucket, min(event_time), release`,
    relations: { predictions: await predictionRelation(deps, project, deployment, range) },
    trusted: true,
    maxRows: 50_000,
  })
  const times = await predictionTimes(deps, project, deployment)
  return {
    predictions: (await latestSnapshot(deps.db.read, project, predictionTable(deployment)))?.rows ?? 0,
    newest: times?.newest ?? null,
    buckets: rows.map(([at, release, model, version, predictions, latencies]) => ({
      at: Number(at),
      release: String(release),
      model: String(model),
      version: Number(version),
      predictions: Number(predictions),
      p50Micros: Number((latencies as number[])[0]),
      p99Micros: Number((latencies as number[])[1]),
    })),
  }
}

/** The range asked for, else the newest stretch of so many milliseconds that holds predictions. */
export async function rangeOf(
  deps: Deps,
  { project, deployment }: Target,
  { from, to }: Partial<PredictionRange>,
  span: number,
): Promise<PredictionRange | undefined> {
  const times = await predictionTimes(deps, project, deployment)
  if (!times) return undefined
  const end = to ?? times.newest + 1
  const start = from ?? Math.max(0, end - span)
  return start < end ? { from: from ?? start - (start % dayMs), to: end } : undefined
}
