import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../kernel/db/index.ts'
import { compileNumber, compileText } from '../tracking/index.ts'
import { sourceRun } from './log-spans.ts'
import type { TraceComparison, TraceExpression, TraceOrder } from './trace-filter.ts'

type Condition = RawBuilder<SqlBool>

const columns: Readonly<Record<string, RawBuilder<unknown>>> = {
  request_id: sql`t.id`,
  experiment_id: sql`t.experiment_id`,
  timestamp_ms: sql`t.started_at`,
  execution_time_ms: sql`t.duration_ms`,
  end_time_ms: sql`(t.started_at + t.duration_ms)`,
  status: sql`t.state`,
  client_request_id: sql`t.client_request_id`,
}
/** Attributes that are tags or metadata under another name. */
const pairs: Readonly<Record<string, { table: 'trace_tag' | 'trace_metadata'; key: string }>> = {
  name: { table: 'trace_tag', key: 'mlflow.traceName' },
  prompt: { table: 'trace_tag', key: 'mlflow.linkedPrompts' },
  run_id: { table: 'trace_metadata', key: sourceRun },
}

/** Turns a filter into a condition over the trace `t`. A comparison with what the trace does not have is false, also `!=`. */
export function compileTraceFilter(dialect: Dialect, expression: TraceExpression): Condition {
  if (expression.op === 'not')
    return sql<SqlBool>`not coalesce((${compileTraceFilter(dialect, expression.part)}), false)`
  if (expression.op === 'compare') return compileComparison(dialect, expression)
  const spans = expression.parts.filter((part): part is TraceComparison => isSpan(part) && expression.op === 'and')
  const others = expression.parts.filter((part) => !spans.includes(part as TraceComparison))
  const parts = others.map((part) => sql`(${compileTraceFilter(dialect, part)})`)
  // What is said of a span by several comparisons holds for one span.
  if (spans.length > 0) parts.push(someSpan(spans.map((one) => spanTest(dialect, one))))
  return sql<SqlBool>`${sql.join(parts, sql.raw(expression.op === 'and' ? ' and ' : ' or '))}`
}

/** No span at all is another thing than a span of which something holds. */
const isSpan = (part: TraceExpression): boolean =>
  part.op === 'compare' && part.entity === 'span' && part.comparator !== 'IS NULL'

const someSpan = (tests: readonly Condition[]): Condition =>
  sql<SqlBool>`exists (select 1 from trace_span s where s.project_id = t.project_id and s.trace_id = t.id and ${sql.join(tests, sql` and `)})`

function compileComparison(dialect: Dialect, comparison: TraceComparison): Condition {
  const { entity, key, comparator, value } = comparison
  if (entity === 'span') {
    if (comparator !== 'IS NULL') return someSpan([spanTest(dialect, comparison)])
    return sql<SqlBool>`not ${someSpan([spanTest(dialect, { ...comparison, comparator: 'IS NOT NULL' })])}`
  }
  if (entity === 'feedback' || entity === 'expectation') return assessmentTest(dialect, comparison)
  const pair =
    entity === 'attribute'
      ? pairs[key]
      : { table: entity === 'tag' ? ('trace_tag' as const) : ('trace_metadata' as const), key }
  if (pair) {
    const own = pairTest(dialect, pair, comparison)
    if (entity !== 'attribute' || key !== 'run_id' || value === null) return own
    return sql<SqlBool>`(${own} or exists (select 1 from trace_run r where r.project_id = t.project_id and r.trace_id = t.id and ${textTest(dialect, sql`r.run_id`, comparison)}))`
  }
  const column = columns[key] as RawBuilder<unknown>
  if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
  return typeof value === 'number'
    ? compileNumber(column, comparator as '=', value)
    : textTest(dialect, column, comparison)
}

function pairTest(
  dialect: Dialect,
  { table, key }: { table: string; key: string },
  comparison: TraceComparison,
): Condition {
  const test = comparison.value === null ? sql`1 = 1` : textTest(dialect, sql`k.value`, comparison)
  const not = comparison.comparator === 'IS NULL' ? sql`not ` : sql``
  return sql<SqlBool>`${not}exists (select 1 from ${sql.table(table)} k where k.project_id = t.project_id and k.trace_id = t.id and k.key = ${key} and ${test})`
}

const textTest = (dialect: Dialect, column: RawBuilder<unknown>, { comparator, value }: TraceComparison): Condition =>
  compileText(dialect, column, comparator as '=', value as string | readonly string[])

function spanTest(dialect: Dialect, comparison: TraceComparison): Condition {
  const { key, value } = comparison
  if (!key.startsWith('attributes.'))
    return value === null ? sql<SqlBool>`1 = 1` : textTest(dialect, sql.raw(`s.${key}`), comparison)
  const name = key.slice('attributes.'.length)
  if (dialect === 'sqlite') {
    const part = (path: string) => sql`json_extract(a.value, ${`$.value.${path}`})`
    const flag = sql`case json_extract(a.value, '$.value.bool_value') when 1 then 'true' when 0 then 'false' end`
    const text = sql`coalesce(${part('string_value')}, ${flag}, cast(${part('int_value')} as text), cast(${part('double_value')} as text), ${part('kvlist_value')}, ${part('array_value')})`
    const test = value === null ? sql`1 = 1` : textTest(dialect, text, comparison)
    return sql<SqlBool>`exists (select 1 from json_each(s.content, '$.attributes') a where json_extract(a.value, '$.key') = ${name} and ${test})`
  }
  const part = (field: string) => sql`(a.value -> 'value' ->> ${sql.lit(field)})`
  const text = sql`coalesce(${part('string_value')}, ${part('bool_value')}, ${part('int_value')}, ${part('double_value')}, ${part('kvlist_value')}, ${part('array_value')})`
  const test = value === null ? sql`1 = 1` : textTest(dialect, text, comparison)
  return sql<SqlBool>`exists (select 1 from jsonb_array_elements(coalesce(s.content::jsonb -> 'attributes', '[]'::jsonb)) a where a.value ->> 'key' = ${name} and ${test})`
}

/** Values are JSON: `'yes'` finds the text "yes" and `'true'` the truth. Overridden assessments do not count. */
function assessmentTest(dialect: Dialect, comparison: TraceComparison): Condition {
  const { entity, key, comparator, value } = comparison
  let test: RawBuilder<unknown> = sql`1 = 1`
  if (typeof value === 'number') test = compileNumber(sql`a.number`, comparator as '=', value)
  else if (typeof value === 'string' && (comparator === '=' || comparator === '!=')) {
    const same = sql`(a.value = ${value} or a.value = ${JSON.stringify(value)})`
    test = comparator === '=' ? same : sql`not ${same}`
  } else if (value !== null) test = textTest(dialect, sql`a.value`, comparison)
  const not = comparator === 'IS NULL' ? sql`not ` : sql``
  return sql<SqlBool>`${not}exists (select 1 from trace_assessment a where a.project_id = t.project_id and a.trace_id = t.id and a.kind = ${entity} and a.name = ${key} and a.valid = 1 and ${test})`
}

/** One key that rows are sorted by: what is missing comes last, and text is compared by code point. */
export interface SortKey {
  readonly expression: RawBuilder<unknown>
  readonly descending: boolean
}

/** What an order sorts by; last the newest begin and the id, so that no two traces are the same. */
export function compileTraceOrder(dialect: Dialect, order: readonly TraceOrder[]): SortKey[] {
  const keys = order.flatMap(({ entity, key, descending }): SortKey[] => {
    const pair = entity === 'attribute' ? pairs[key] : { table: entity === 'tag' ? 'trace_tag' : 'trace_metadata', key }
    const column = pair
      ? sql`(select k.value from ${sql.table(pair.table)} k where k.project_id = t.project_id and k.trace_id = t.id and k.key = ${pair.key})`
      : (columns[key] as RawBuilder<unknown>)
    const isNumber = key.endsWith('_ms') && !pair
    const filled = isNumber ? sql`coalesce(${column}, 0)` : sql`coalesce(${column}, '')`
    return [
      { expression: sql`case when ${column} is null then 1 else 0 end`, descending: false },
      { expression: isNumber || dialect === 'sqlite' ? filled : sql`${filled} collate "C"`, descending },
    ]
  })
  if (!order.some(({ key }) => key === 'timestamp_ms')) keys.push({ expression: sql`t.started_at`, descending: true })
  if (!order.some(({ key }) => key === 'request_id'))
    keys.push({ expression: dialect === 'sqlite' ? sql`t.id` : sql`t.id collate "C"`, descending: false })
  return keys
}
