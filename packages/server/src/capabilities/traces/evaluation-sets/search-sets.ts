import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect, Reader } from '../../../kernel/db/index.ts'
import {
  type Comparison,
  compileNumber,
  compileText,
  type Expression,
  type FilterTarget,
  type OrderKey,
} from '../../tracking/index.ts'
import type { EvaluationSetTable } from './tables.ts'
import './tables.ts'

/** What evaluation datasets can be searched by, in MLflow's names. */
export const evaluationSetTarget: FilterTarget = {
  entities: ['tag', 'attribute'],
  strings: { name: [], created_by: [], last_updated_by: [] },
  numbers: { created_time: [], last_update_time: [] },
}

const columns: Readonly<Record<string, string>> = {
  name: 'name',
  created_by: 'created_by',
  last_updated_by: 'updated_by',
  created_time: 'created_at',
  last_update_time: 'updated_at',
}

/** A search that was parsed. */
export interface EvaluationSetQuery {
  readonly experiments: readonly string[]
  readonly filter: Expression | undefined
  readonly order: readonly OrderKey[]
  readonly limit: number
  readonly offset: number
}

/** One page of evaluation datasets, the newest first unless an order says otherwise. */
export async function searchSets(
  db: Reader,
  dialect: Dialect,
  project: string,
  query: EvaluationSetQuery,
): Promise<{ rows: EvaluationSetTable[]; more: boolean }> {
  const where: RawBuilder<unknown>[] = [sql`s.project_id = ${project}`]
  if (query.experiments.length > 0)
    where.push(
      sql`s.id in (select e.set_id from evaluation_set_experiment e where e.project_id = ${project} and e.experiment_id in (${sql.join(query.experiments.map((id) => sql`${id}`))}))`,
    )
  if (query.filter) where.push(sql`(${compile(dialect, query.filter)})`)
  const order = query.order.map(
    ({ key, descending }) => sql`${ordered(dialect, key)} ${sql.raw(descending ? 'desc' : 'asc')}`,
  )
  if (order.length === 0) order.push(sql`s.created_at desc`)
  order.push(sql`s.id desc`)
  const found =
    await sql<EvaluationSetTable>`select s.* from evaluation_set s where ${sql.join(where, sql` and `)} order by ${sql.join(order)} limit ${query.limit + 1} offset ${query.offset}`.execute(
      db as never,
    )
  return { rows: found.rows.slice(0, query.limit), more: found.rows.length > query.limit }
}

const column = (key: string): RawBuilder<unknown> => sql.ref(`s.${columns[key] ?? 'created_at'}`)
const ordered = (dialect: Dialect, key: string): RawBuilder<unknown> =>
  key === 'name' && dialect === 'postgres' ? sql`${column(key)} collate "C"` : column(key)

function compile(dialect: Dialect, e: Expression): RawBuilder<SqlBool> {
  if (e.op === 'not') return sql<SqlBool>`not (${compile(dialect, e.part)})`
  if (e.op === 'compare') return compileOne(dialect, e)
  return sql<SqlBool>`${sql.join(
    e.parts.map((part) => sql`(${compile(dialect, part)})`),
    sql.raw(e.op === 'and' ? ' and ' : ' or '),
  )}`
}

function compileOne(dialect: Dialect, { entity, key, comparator, value }: Comparison): RawBuilder<SqlBool> {
  if (entity === 'tag') {
    const test = value === null ? sql`1 = 1` : compileText(dialect, sql`k.value`, comparator, value as string)
    return sql<SqlBool>`${comparator === 'IS NULL' ? sql`not ` : sql``}exists (select 1 from evaluation_set_tag k where k.project_id = s.project_id and k.set_id = s.id and k.key = ${key} and ${test})`
  }
  if (value === null) return sql<SqlBool>`${column(key)} ${sql.raw(comparator.toLowerCase())}`
  return typeof value === 'number'
    ? compileNumber(column(key), comparator, value)
    : compileText(dialect, column(key), comparator, value)
}
