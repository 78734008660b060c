import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { type Condition, compileNumber, compileText } from './compile-text.ts'
import type { Comparison, Expression } from './parse-filter.ts'
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

/** Turns a filter into a condition over the run `r`. A comparison with something that the run does not have is false, also `!=`. */
export function compileRunFilter(dialect: Dialect, expression: Expression): Condition {
  if (expression.op === 'not') return sql<SqlBool>`not (${compileRunFilter(dialect, expression.part)})`
  if (expression.op === 'compare') return compileComparison(dialect, expression)
  const parts = expression.parts.map((part) => sql`(${compileRunFilter(dialect, part)})`)
  return sql<SqlBool>`${sql.join(parts, sql.raw(expression.op === 'and' ? ' and ' : ' or '))}`
}

function compileComparison(dialect: Dialect, { entity, key, statistic, comparator, value }: Comparison): Condition {
  if (entity === 'attribute') {
    const column = attributes[key] as RawBuilder<unknown>
    if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
    return typeof value === 'number'
      ? compileNumber(column, comparator, value)
      : compileText(dialect, column, comparator, value)
  }
  if (entity === 'metric') {
    const column = sql.raw({ last: 'm.last_value', min: 'm.min_value', max: 'm.max_value' }[statistic])
    const test = compileNumber(column, comparator, value as number)
    // NaN differs from every number and is neither above nor below one.
    const last = comparator === '!=' ? sql`(m.last_is_nan = 1 or ${test})` : sql`m.last_is_nan = 0 and ${test}`
    return sql<SqlBool>`exists (select 1 from run_metric m where m.project_id = r.project_id and m.run_id = r.id and m.key = ${key} and ${statistic === 'last' ? last : test})`
  }
  const not = comparator === 'IS NULL' ? sql`not ` : sql``
  if (entity === 'dataset') {
    const column = sql.raw(`i.${key}`)
    const test = value === null ? sql`${column} is not null` : compileText(dialect, column, comparator, value as string)
    return sql<SqlBool>`${not}exists (select 1 from run_input i where i.project_id = r.project_id and i.run_id = r.id and ${test})`
  }
  const table = sql.table(entity === 'param' ? 'run_param' : 'run_tag')
  const test = value === null ? sql`1 = 1` : compileText(dialect, sql`k.value`, comparator, value as string)
  return sql<SqlBool>`${not}exists (select 1 from ${table} k where k.project_id = r.project_id and k.run_id = r.id and k.key = ${key} and ${test})`
}

/** The joins and keys of an order over the run `r`: real numbers, then NaN, then missing, in both directions; text by code point; last the newest start and the id. */
export function compileRunOrder(
  dialect: Dialect,
  keys: readonly OrderKey[],
): { joins: RawBuilder<unknown>; order: RawBuilder<unknown> } {
  const joins: RawBuilder<unknown>[] = []
  const order: RawBuilder<unknown>[] = []
  const text = (column: RawBuilder<unknown>) => (dialect === 'postgres' ? sql`${column} collate "C"` : column)
  keys.forEach(({ entity, key, descending }, index) => {
    const direction = sql.raw(descending ? 'desc' : 'asc')
    if (entity === 'attribute') {
      const column = attributes[key] as RawBuilder<unknown>
      const isNumber = key === 'start_time' || key === 'end_time'
      order.push(
        sql`case when ${column} is null then 1 else 0 end`,
        sql`${isNumber ? column : text(column)} ${direction}`,
      )
      return
    }
    const alias = sql.ref(`o${index}`)
    const table = sql.table(entity === 'metric' ? 'run_metric' : entity === 'param' ? 'run_param' : 'run_tag')
    joins.push(
      sql`left join ${table} as ${alias} on ${alias}.project_id = r.project_id and ${alias}.run_id = r.id and ${alias}.key = ${key}`,
    )
    if (entity === 'metric') {
      order.push(
        sql`case when ${alias}.key is null then 2 when ${alias}.last_is_nan = 1 then 1 else 0 end`,
        sql`${alias}.last_value ${direction}`,
      )
    } else
      order.push(sql`case when ${alias}.key is null then 1 else 0 end`, sql`${text(sql`${alias}.value`)} ${direction}`)
  })
  if (!keys.some((k) => k.key === 'start_time'))
    order.push(sql`case when r.start_time is null then 1 else 0 end`, sql`r.start_time desc`)
  order.push(sql`r.id`)
  return { joins: sql.join(joins, sql` `), order: sql.join(order) }
}
