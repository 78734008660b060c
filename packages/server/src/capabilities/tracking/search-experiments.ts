import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { type Condition, compileNumber, compileText } from './filter/compile-text.ts'
import type { Comparison, Expression } from './filter/filter-tree.ts'
import type { OrderKey } from './filter/parse-order.ts'
import type { ExperimentTable } from './tables.ts'

const columns: Record<string, RawBuilder<unknown>> = {
  name: sql`x.name`,
  experiment_id: sql`x.id`,
  creation_time: sql`x.created_at`,
  last_update_time: sql`x.updated_at`,
}

/** One page of experiments that a filter finds. */
export async function selectExperiments(
  db: Reader,
  dialect: Dialect,
  query: {
    project: string
    view: 'active' | 'deleted' | 'all'
    filter: Expression | undefined
    order: readonly OrderKey[]
    limit: number
    offset: number
  },
): Promise<{ rows: ExperimentTable[]; more: boolean }> {
  const where: RawBuilder<unknown>[] = [sql`x.project_id = ${query.project}`]
  if (query.view !== 'all') where.push(sql`x.lifecycle = ${query.view}`)
  if (query.filter) where.push(sql`(${compile(dialect, query.filter)})`)
  const order = query.order.map(
    ({ key, descending }) => sql`${columns[key] ?? sql`x.number`} ${sql.raw(descending ? 'desc' : 'asc')}`,
  )
  if (!query.order.some((k) => k.key === 'creation_time')) order.push(sql`x.created_at desc`)
  order.push(sql`x.number desc`)
  const found =
    await sql<ExperimentTable>`select x.* from experiment x where ${sql.join(where, sql` and `)} order by ${sql.join(order)} limit ${query.limit + 1} offset ${query.offset}`.execute(
      db as never,
    )
  return { rows: found.rows.slice(0, query.limit), more: found.rows.length > query.limit }
}

function compile(dialect: Dialect, expression: Expression): Condition {
  if (expression.op === 'not') return sql<SqlBool>`not (${compile(dialect, expression.part)})`
  if (expression.op === 'compare') return compileOne(dialect, expression)
  return sql<SqlBool>`${sql.join(
    expression.parts.map((part) => sql`(${compile(dialect, part)})`),
    sql.raw(expression.op === 'and' ? ' and ' : ' or '),
  )}`
}

function compileOne(dialect: Dialect, { entity, key, comparator, value }: Comparison): Condition {
  if (entity === 'tag') {
    const test = value === null ? sql`1 = 1` : compileText(dialect, sql`k.value`, comparator, value as string)
    return sql<SqlBool>`${comparator === 'IS NULL' ? sql`not ` : sql``}exists (select 1 from experiment_tag k where k.project_id = x.project_id and k.experiment_id = x.id and k.key = ${key} and ${test})`
  }
  const column = columns[key] as RawBuilder<unknown>
  if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
  return typeof value === 'number'
    ? compileNumber(column, comparator, value)
    : compileText(dialect, column, comparator, value)
}
