import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { compileTerm, compileTermComparison } from './compile-terms.ts'
import { type Condition, compileNumber, compileText } from './compile-text.ts'
import type { Comparison, RunExpression } from './filter-tree.ts'
import { metricValue, statisticOf } from './metric-columns.ts'
import type { OrderKey } from './parse-order.ts'

const attributes: Record<string, RawBuilder<unknown>> = {
  run_id: sql`r.id`,
  run_name: sql`r.name`,
  user_id: sql`r.user_id`,
  status: sql`r.status`,
  artifact_uri: sql`('mlflow-artifacts:/' || r.experiment_id || '/' || r.id || '/artifacts')`,
  start_time: sql`r.start_time`,
  end_time: sql`r.end_time`,
}
const times = ['start_time', 'end_time']

/**
 * Turns a filter into a condition over the run `r`. A comparison with something that the run does not have is false, also `!=`. Where `few` runs are left, arithmetic is
 * done for each of them.
 */
export function compileRunFilter(dialect: Dialect, expression: RunExpression, few = false): Condition {
  if (expression.op === 'not') return sql<SqlBool>`not (${compileRunFilter(dialect, expression.part, few)})`
  if (expression.op === 'compare') return compileComparison(dialect, expression)
  if (expression.op === 'terms') return compileTermComparison(dialect, expression, few)
  const parts = expression.parts.map((part) => sql`(${compileRunFilter(dialect, part, few)})`)
  return sql<SqlBool>`${sql.join(parts, sql.raw(expression.op === 'and' ? ' and ' : ' or '))}`
}

function compileComparison(dialect: Dialect, comparison: Comparison): Condition {
  const { entity, key, comparator, value } = comparison
  const not = comparator === 'IS NULL' ? sql`not ` : sql``
  if (entity === 'attribute') {
    const column = attributes[key] as RawBuilder<unknown>
    if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
    if (!times.includes(key)) return compileText(dialect, column, comparator, value as string)
    return sql<SqlBool>`(${column} is not null and ${compileNumber(column, comparator, value as number)})`
  }
  if (entity === 'metric')
    return sql<SqlBool>`${not}exists (select 1 from run_metric m where m.project_id = r.project_id and m.run_id = r.id and m.key = ${key} and ${metricTest(comparison, false)})`
  if (entity === 'dataset') {
    const column = sql.raw(`i.${key}`)
    const test = value === null ? sql`${column} is not null` : compileText(dialect, column, comparator, value as string)
    return sql<SqlBool>`${not}exists (select 1 from run_input i where i.project_id = r.project_id and i.run_id = r.id and ${test})`
  }
  const table = sql.table(entity === 'param' ? 'run_param' : 'run_tag')
  const test = value === null ? sql`1 = 1` : compileText(dialect, sql`k.value`, comparator, value as string)
  return sql<SqlBool>`${not}exists (select 1 from ${table} k where k.project_id = r.project_id and k.run_id = r.id and k.key = ${key} and ${test})`
}

/**
 * What a comparison says of a row `m` of `run_metric`. Where the run is known already SQLite must not look the value up in the index by value, which would read all runs
 * with such a value for each run: a plus before the column keeps it from that.
 */
export function metricTest(
  { key, statistic: asked, comparator, value }: Comparison,
  byValue: boolean,
): RawBuilder<unknown> {
  const statistic = statisticOf(key, asked)
  if (value === null)
    return statistic === 'min' || statistic === 'max' ? sql`m.${sql.raw(statistic)}_value is not null` : sql`1 = 1`
  // NaN differs from every number and is neither above nor below one.
  const differs = comparator === '!=' || comparator === 'NOT IN'
  if (statistic === 'last') {
    const plus = sql.raw(byValue ? '' : '+')
    const test = compileNumber(sql`${plus}m.last_value`, comparator, value as number)
    return differs ? sql`(${plus}m.last_is_nan = 1 or ${test})` : sql`${plus}m.last_is_nan = 0 and ${test}`
  }
  const column = metricValue('m', statistic)
  const test = compileNumber(column, comparator, value as number)
  return differs && statistic === 'first' ? sql`(${column} is null or ${test})` : test
}

/** The joins and keys of an order over the run `r`: real numbers, then NaN, then missing, in both directions; text by code point; last the newest start and the id. */
export function compileRunOrder(
  dialect: Dialect,
  keys: readonly OrderKey[],
): { joins: RawBuilder<unknown>; order: RawBuilder<unknown> } {
  const joins: RawBuilder<unknown>[] = []
  const order: RawBuilder<unknown>[] = []
  const text = (column: RawBuilder<unknown>) => (dialect === 'postgres' ? sql`${column} collate "C"` : column)
  keys.forEach(({ entity, key, descending, statistic = 'last', term }, index) => {
    const direction = sql.raw(descending ? 'desc' : 'asc')
    if (term) {
      order.push(sql`${compileTerm(dialect, term)} ${direction} nulls last`)
      return
    }
    if (entity === 'attribute') {
      const column = attributes[key] as RawBuilder<unknown>
      if (times.includes(key) && descending) {
        order.push(sql`${column} desc${sql.raw(dialect === 'sqlite' ? '' : ' nulls last')}`)
        return
      }
      order.push(
        sql`case when ${column} is null then 1 else 0 end`,
        sql`${times.includes(key) ? column : text(column)} ${direction}`,
      )
      return
    }
    const name = `o${index}`
    const alias = sql.ref(name)
    const table = sql.table(entity === 'metric' ? 'run_metric' : entity === 'param' ? 'run_param' : 'run_tag')
    joins.push(
      sql`left join ${table} as ${alias} on ${alias}.project_id = r.project_id and ${alias}.run_id = r.id and ${alias}.key = ${key}`,
    )
    if (entity === 'metric') {
      const value = metricValue(name, statisticOf(key, statistic))
      order.push(sql`case when ${alias}.key is null then 1 else 0 end`, sql`${value} ${direction} nulls last`)
    } else
      order.push(sql`case when ${alias}.key is null then 1 else 0 end`, sql`${text(sql`${alias}.value`)} ${direction}`)
  })
  // For SQLite NULL is the least there is: an index gives this order as it stands.
  if (!keys.some((k) => k.key === 'start_time'))
    order.push(sql`r.start_time desc${sql.raw(dialect === 'sqlite' ? '' : ' nulls last')}`)
  order.push(sql`r.id`)
  return { joins: sql.join(joins, sql` `), order: sql.join(order) }
}
