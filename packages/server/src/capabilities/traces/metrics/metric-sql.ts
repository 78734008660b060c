import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { sourceRun } from '../log-spans.ts'
import type { MetricFilter } from './metric-filter.ts'
import type { Aggregation, MetricView } from './metric-kinds.ts'
import { usageKey } from '../usage/follow-usage.ts'
import '../tables.ts'

/** A question about many traces, already checked: plain data, so that a reader thread can answer it. */
export interface MetricsQuery {
  readonly project: string
  readonly experiments: readonly string[]
  readonly view: MetricView
  readonly metric: string
  readonly aggregations: readonly Aggregation[]
  readonly dimensions: readonly string[]
  readonly filters: readonly MetricFilter[]
  readonly bucketMs: number | undefined
  readonly from: number | undefined
  readonly to: number | undefined
  readonly limit: number
}

type Part = RawBuilder<unknown>

const sessionKey = 'mlflow.trace.session'

export const isCost = ({ metric }: MetricsQuery): boolean => metric.endsWith('_cost')

export const rowsOf = ({ view }: MetricsQuery): Part =>
  ({
    TRACES: sql`trace t`,
    SPANS: sql`trace t join trace_span s on s.project_id = t.project_id and s.trace_id = t.id`,
    ASSESSMENTS: sql`trace t join trace_assessment a on a.project_id = t.project_id and a.trace_id = t.id`,
  })[view]

const pairValue = (table: 'trace_tag' | 'trace_metadata', key: string): Part =>
  sql`(select k.value from ${sql.table(table)} k where k.project_id = t.project_id and k.trace_id = t.id and k.key = ${key})`

/** The number of a row; null where it has none, and then the row does not count. */
export function valueOf(dialect: Dialect, { view, metric }: MetricsQuery): Part {
  if (metric === 'session_count') return pairValue('trace_metadata', sessionKey)
  if (metric.endsWith('_count')) return sql`1`
  if (metric === 'latency') return view === 'TRACES' ? sql`t.duration_ms` : sql`((s.end_us - s.start_us) / 1000)`
  if (metric === 'assessment_value')
    return sql`case when a.number is not null then a.number when a.value like '"%' and lower(trim(replace(a.value, '"', ''))) = 'yes' then 1 when a.value like '"%' and lower(trim(replace(a.value, '"', ''))) = 'no' then 0 end`
  if (metric.endsWith('_tokens')) return usageOf(dialect, metric)
  return sql`null`
}

/** A number in the text that says how many tokens were used. */
function usageOf(dialect: Dialect, metric: string): Part {
  const text = pairValue('trace_metadata', usageKey)
  if (dialect === 'postgres')
    return sql`cast(substring(${text} from ${`"${metric}"\\s*:\\s*(-?[0-9]+(?:\\.[0-9]+)?)`}) as double precision)`
  const path = `$.${metric}`
  return sql`(select case when json_valid(u.text) then case when json_type(u.text, ${path}) in ('integer', 'real') then json_extract(u.text, ${path}) end end from (select ${text} as text) u)`
}

interface Key {
  readonly name: string
  readonly part: Part
  readonly order: (place: number) => Part
}

export function keysOf(dialect: Dialect, { view, dimensions, bucketMs }: MetricsQuery): Key[] {
  const parts: Readonly<Record<string, Part>> = {
    trace_name: pairValue('trace_tag', 'mlflow.traceName'),
    trace_status: sql`t.state`,
    span_name: sql`s.name`,
    span_type: sql`s.type`,
    span_status: sql`s.status`,
    assessment_name: sql`a.name`,
    assessment_value: sql`a.value`,
  }
  const byPlace = (place: number) => sql.raw(String(place))
  const bucket =
    bucketMs === undefined
      ? []
      : [
          {
            name: 'time_bucket',
            part: sql`(${view === 'SPANS' ? sql`(s.start_us / 1000)` : sql`t.started_at`} / ${sql.lit(bucketMs)} * ${sql.lit(bucketMs)})`,
            order: byPlace,
          },
        ]
  const named = dimensions.map((name): Key => {
    const part = parts[name] ?? sql`null`
    return dialect === 'postgres'
      ? { name, part: sql`(${part} collate "C")`, order: byPlace }
      : { name, part, order: byPlace }
  })
  return [...bucket, ...named]
}

/** Which rows count. */
export function conditionsOf(dialect: Dialect, query: MetricsQuery, present: readonly Part[]): Part {
  const { project, experiments, view, from, to } = query
  const time = isCost(query) ? sql`s.start_us` : sql`t.started_at`
  const unit = isCost(query) ? 1000 : 1
  const all: Part[] = [
    sql`t.project_id = ${project}`,
    experiments.length === 0 ? sql`1 = 0` : sql`t.experiment_id in (${sql.join(experiments.map((id) => sql`${id}`))})`,
    ...(view === 'ASSESSMENTS' ? [sql`a.valid = 1`] : []),
    ...(from === undefined ? [] : [sql`${time} >= ${from * unit}`]),
    ...(to === undefined ? [] : [sql`${time} < ${(to + 1) * unit}`]),
    ...query.filters.map((filter) => filterTest(filter)),
    ...present.map((part) => sql`${part} is not null`),
  ]
  return sql.join(all, sql` and `)
}

function filterTest({ view, entity, key, value }: MetricFilter): Part {
  if (view === 'span') return sql`${sql.ref(`s.${entity}`)} = ${value}`
  if (view === 'assessment') return sql`${sql.ref(entity === 'type' ? 'a.kind' : 'a.name')} = ${value}`
  if (entity === 'status') return sql`t.state = ${value}`
  const table = entity === 'tag' ? 'trace_tag' : 'trace_metadata'
  const own = sql`exists (select 1 from ${sql.table(table)} f where f.project_id = t.project_id and f.trace_id = t.id and f.key = ${key} and f.value = ${value})`
  // Traces that were linked to a run later say so elsewhere.
  return entity === 'metadata' && key === sourceRun
    ? sql`(${own} or exists (select 1 from trace_run r where r.project_id = t.project_id and r.trace_id = t.id and r.run_id = ${value}))`
    : own
}
