import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { type Condition, compileNumber, compileText } from './filter/compile-text.ts'
import type { Comparison, Expression } from './filter/filter-tree.ts'
import type { OrderKey } from './filter/parse-order.ts'
import { trackingErrors } from './errors.ts'
import { hasPoint, newestPoint } from './logged-model-metrics.ts'
import { behind, type Place, placeColumns, type PlaceKey, placeOrder, placeTokenOf } from './page-place.ts'
import type { LoggedModelTable } from './tables.ts'

/** A dataset that metrics must have been measured on. */
export interface MetricDataset {
  readonly name: string
  readonly digest?: string
}

export interface LoggedModelQuery {
  readonly project: string
  readonly experiments: readonly string[]
  readonly filter: Expression | undefined
  /** Metric comparisons look at metrics on these datasets only; empty looks at all. */
  readonly datasets: readonly MetricDataset[]
  readonly order: readonly (OrderKey & { readonly dataset?: MetricDataset })[]
  readonly limit: number
  /** Where the page goes on: the keys of the last row that was shown. */
  readonly place?: Place
}

const columns: Record<string, RawBuilder<unknown>> = {
  name: sql`l.name`,
  model_id: sql`l.id`,
  model_type: sql`l.model_type`,
  status: sql`('LOGGED_MODEL_' || l.status)`,
  source_run_id: sql`l.source_run_id`,
  creation_timestamp: sql`l.created_at`,
  last_updated_timestamp: sql`l.updated_at`,
}

/** One page of logged models, newest first unless an order says otherwise. */
export async function selectLoggedModels(
  db: Reader,
  dialect: Dialect,
  query: LoggedModelQuery,
): Promise<{ rows: LoggedModelTable[]; next: (fingerprint: unknown) => string | undefined }> {
  if (query.experiments.length === 0) return { rows: [], next: () => undefined }
  const where = [
    sql`l.project_id = ${query.project}`,
    sql`l.lifecycle = 'active'`,
    sql`l.experiment_id in (${sql.join(query.experiments.map((id) => sql`${id}`))})`,
  ]
  if (query.filter) where.push(sql`(${compile(dialect, query.filter, query.datasets)})`)
  // By themselves datasets ask for models that were measured on one of them.
  if (query.datasets.length > 0 && !(query.filter && asksMetric(query.filter)))
    where.push(hasPoint(sql`1 = 1 ${onDatasets(query.datasets)}`))
  const keys: PlaceKey[] = []
  for (const { entity, key, descending, dataset } of query.order) {
    const value =
      entity === 'attribute'
        ? (columns[key] as RawBuilder<unknown>)
        : entity === 'metric'
          ? newestPoint(sql`m.key = ${key} and m.is_nan = 0 ${onDatasets(dataset ? [dataset] : [])}`)
          : sql`(select k.value from ${sql.table(`logged_model_${entity}`)} k where k.project_id = l.project_id and k.model_id = l.id and k.key = ${key})`
    const isNumber = entity === 'metric' || key.endsWith('_timestamp')
    keys.push(
      { expression: sql`(case when ${value} is null then 1 else 0 end)`, descending: false },
      { expression: isNumber ? sql`coalesce(${value}, 0)` : sql`coalesce(${value}, '')`, descending },
    )
  }
  keys.push({ expression: sql`l.created_at`, descending: true }, { expression: sql`l.id`, descending: false })
  if (query.place && query.place.length !== keys.length) throw trackingErrors.BAD_PAGE_TOKEN()
  if (query.place) where.push(behind(keys, query.place))
  const found =
    await sql<LoggedModelTable>`select l.*, ${placeColumns(keys)} from logged_model l where ${sql.join(where, sql` and `)} order by ${placeOrder(keys)} limit ${query.limit + 1}`.execute(
      db as never,
    )
  const rows = found.rows.slice(0, query.limit)
  const last = rows.at(-1)
  return {
    rows,
    next: (of) => (found.rows.length > query.limit && last ? placeTokenOf(last, keys.length, of) : undefined),
  }
}

function onDatasets(datasets: readonly MetricDataset[]): RawBuilder<unknown> {
  if (datasets.length === 0) return sql``
  const one = ({ name, digest }: MetricDataset) =>
    digest ? sql`(m.dataset_name = ${name} and m.dataset_digest = ${digest})` : sql`m.dataset_name = ${name}`
  return sql`and (${sql.join(datasets.map(one), sql` or `)})`
}

function asksMetric(e: Expression): boolean {
  if (e.op === 'compare') return e.entity === 'metric'
  return e.op === 'not' ? asksMetric(e.part) : e.parts.some(asksMetric)
}

function compile(dialect: Dialect, e: Expression, datasets: readonly MetricDataset[]): Condition {
  if (e.op === 'not') return sql<SqlBool>`not (${compile(dialect, e.part, datasets)})`
  if (e.op === 'compare') return compileOne(dialect, e, datasets)
  return sql<SqlBool>`${sql.join(
    e.parts.map((part) => sql`(${compile(dialect, part, datasets)})`),
    sql.raw(e.op === 'and' ? ' and ' : ' or '),
  )}`
}

function compileOne(
  dialect: Dialect,
  { entity, key, comparator, value }: Comparison,
  datasets: readonly MetricDataset[],
): Condition {
  if (entity === 'metric') {
    if (value === null)
      return sql<SqlBool>`${comparator === 'IS NULL' ? sql`not ` : sql``}${hasPoint(sql`m.key = ${key} ${onDatasets(datasets)}`)}`
    const test = compileNumber(sql`m.value`, comparator, value as number)
    return sql<SqlBool>`${hasPoint(sql`m.key = ${key} and m.is_nan = 0 and ${test} ${onDatasets(datasets)}`)}`
  }
  if (entity === 'attribute') {
    const column = columns[key] as RawBuilder<unknown>
    if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
    return typeof value === 'number'
      ? compileNumber(column, comparator, value)
      : compileText(dialect, column, comparator, value)
  }
  const test = value === null ? sql`1 = 1` : compileText(dialect, sql`k.value`, comparator, value as string)
  return sql<SqlBool>`${comparator === 'IS NULL' ? sql`not ` : sql``}exists (select 1 from ${sql.table(`logged_model_${entity}`)} k where k.project_id = l.project_id and k.model_id = l.id and k.key = ${key} and ${test})`
}
