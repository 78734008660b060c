import type { LabelDelay } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { rangeOf } from './count-predictions.ts'
import { type PredictionRange, predictionsSql } from './cohort-sql.ts'
import { labelRelation, predictionRelation } from './read-relations.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables'>

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const defaultDays = 180
const shares = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
/** Beginnings of the bins. */
const edges = [
  0,
  minute,
  15 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  ...[1, 2, 4, 7, 14, 30, 60, 90].map((n) => n * day),
]
/** Monday, 5 January 1970. */
const firstMonday = 4 * day
const fewestWeeks = 4

/**
 * How long the first label of each prediction takes, by the source that gave it: its distribution, and week by week of the predictions. A week is young until the delay that 99 % of the
 * labels stay below has passed since its end: before, only its fast labels are there.
 */
export async function labelDelays(
  deps: Deps,
  { project, deployment, asOf }: { project: string; deployment: string; asOf: number },
  wanted: Partial<PredictionRange>,
): Promise<{ predicted: number; sources: LabelDelay[] }> {
  const range = await rangeOf(deps, { project, deployment }, wanted, defaultDays * day)
  if (!range) return { predicted: 0, sources: [] }
  const bins = edges.map((edge, index) => {
    const next = edges[index + 1]
    // A label may be known before its prediction is made, by clocks that differ.
    return `count(*) filter (${index === 0 ? '' : `delay >= ${edge} and `}${next === undefined ? 'true' : `delay < ${next}`})`
  })
  const { rows } = await deps.tables.query({
    sql: `with picked as materialized (${predictionsSql(range, 'id, event_time')}),
      delays as materialized (select told.source, picked.event_time, told.event_time - picked.event_time as delay,
          picked.event_time - (picked.event_time - ${firstMonday}) % ${7 * day} as week
        from picked join (select prediction_id, arg_min(source, (event_time, id)) as source, min(event_time) as event_time
          from labels where event_time <= ${asOf} group by prediction_id) told on told.prediction_id = picked.id),
      slowest as (select quantile_disc(delay, 0.99) as ms from delays),
      weeks as (select source, week, count(*) as n, median(delay) as middle, quantile_disc(delay, 0.95) as slow from delays group by source, week)
      select source, count(*), avg(delay), quantile_disc(delay, [${shares.join(', ')}]), [${bins.join(', ')}],
        (select list([week, n, middle, slow] order by week) from weeks where weeks.source is not distinct from delays.source),
        (select ms from slowest), (select count(*) from picked)
      from delays group by source order by 2 desc, 1`,
    relations: {
      predictions: await predictionRelation(deps, project, deployment, range),
      labels: await labelRelation(deps, project, deployment, asOf),
    },
    trusted: true,
  })
  const sources = rows.map(([source, labels, mean, quantiles, counts, weeks, slowest]): LabelDelay => {
    const trend = (weeks as number[][]).map(([at = 0, n = 0, middle = 0, slow = 0]) => ({
      at: Number(at),
      labels: Number(n),
      medianMs: Number(middle),
      p95Ms: Number(slow),
      young: Number(at) + 7 * day + Number(slowest) > asOf,
    }))
    return {
      source: source === null ? null : String(source),
      labels: Number(labels),
      meanMs: Math.round(Number(mean)),
      quantiles: (quantiles as number[]).map((ms, index) => ({ share: shares[index] ?? 0, ms: Number(ms) })),
      histogram: (counts as number[]).map((n, index) => ({
        fromMs: edges[index] ?? 0,
        toMs: edges[index + 1] ?? null,
        labels: Number(n),
      })),
      trend,
      change: changeOf(trend.filter(({ young }) => !young).map(({ medianMs }) => medianMs)),
    }
  })
  return { predicted: Number(rows[0]?.[7] ?? 0), sources }
}

function changeOf(medians: readonly number[]): number | null {
  if (medians.length < fewestWeeks) return null
  const half = Math.floor(medians.length / 2)
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const before = middle(medians.slice(0, half))
  return before <= 0 ? null : Number((middle(medians.slice(-half)) / before).toPrecision(4))
}
