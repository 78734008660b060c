import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { metricTest } from './compile-runs.ts'
import type { Comparison, RunExpression } from './filter-tree.ts'

/** Of a parameter's or tag's value, in an index by value: Postgres takes no longer ones. */
const indexedLetters = 64
const mostIntersected = 3

/** Where a search begins when an index by value can say which runs come into question. */
export interface RunDriver {
  /** Rows with `run_id`, each run once. */
  readonly ids: RawBuilder<unknown>
  /** What is still to be asked of each run. */
  readonly rest: RunExpression | undefined
  /** Equal values leave few runs, as a rule. */
  readonly few: boolean
}

/** Finds what of a filter an index answers: equal parameters and tags, else one comparison of a metric. undefined where each run has to be looked at. */
export function runDriver(dialect: Dialect, project: string, filter: RunExpression | undefined): RunDriver | undefined {
  if (!filter) return undefined
  const parts = filter.op === 'and' ? filter.parts : [filter]
  const equal = parts.flatMap((part) => (isEqual(part) ? [part] : [])).slice(0, mostIntersected)
  const metric = parts.find(isMetricRange)
  const [taken, ids] =
    equal.length > 0
      ? [equal, idsWithAll(dialect, project, equal)]
      : metric
        ? [
            [metric],
            sql`select m.run_id from run_metric m where m.project_id = ${project} and m.key = ${metric.key} and ${metricTest(metric, true)}`,
          ]
        : [[], undefined]
  if (!ids) return undefined
  const rest = parts.filter((part) => !(taken as readonly RunExpression[]).includes(part))
  return { ids, rest: rest.length === 0 ? undefined : { op: 'and', parts: rest }, few: equal.length > 0 }
}

const isEqual = (part: RunExpression): part is Comparison =>
  part.op === 'compare' &&
  (part.entity === 'param' || part.entity === 'tag') &&
  (part.comparator === '=' || part.comparator === 'IN')

const isMetricRange = (part: RunExpression): part is Comparison =>
  part.op === 'compare' &&
  part.entity === 'metric' &&
  part.statistic === 'last' &&
  ['=', '<', '<=', '>', '>='].includes(part.comparator)

/**
 * The runs that have all of these values. SQLite looks the others up for each run of the first, in the index by value too, whose entries follow each other in the order in
 * which they are asked for: half the time of putting lists together. Postgres joins, because it knows how many rows a join gives. A run has a key once, so that none comes
 * twice.
 */
function idsWithAll(dialect: Dialect, project: string, all: readonly Comparison[]): RawBuilder<unknown> {
  const [first, ...others] = all as readonly [Comparison, ...Comparison[]]
  const table = ({ entity }: Comparison) => sql.table(`run_${entity}`)
  if (dialect === 'postgres') {
    const joins = others.map((one, at) => {
      const alias = `k${at}`
      return sql` join ${table(one)} ${sql.raw(alias)} on ${postgresValue(project, one, alias)} and ${sql.raw(alias)}.run_id = first.run_id`
    })
    return sql`select first.run_id from ${table(first)} first${sql.join(joins, sql``)} where ${postgresValue(project, first, 'first')}`
  }
  const also = others.map(
    (one) =>
      sql` and exists (select 1 from ${table(one)} k indexed by ${sql.raw(`run_${one.entity}_by_value`)} where ${sqliteValue(project, one, 'k')} and k.run_id = first.run_id)`,
  )
  return sql`select first.run_id from ${table(first)} first where ${sqliteValue(project, first, 'first')}${sql.join(also, sql``)}`
}

const letters = (text: string): number => Array.from(text).length
const start = (text: string): string => Array.from(text).slice(0, indexedLetters).join('')
const valuesOf = ({ value }: Comparison): string[] => [
  ...new Set(typeof value === 'string' ? [value] : (value as readonly string[])),
]

/** Whether a text is one of a list of at least one. */
function isOneOf(column: RawBuilder<unknown>, texts: readonly string[]): RawBuilder<unknown> {
  const list = [...new Set(texts)].map((one) => sql`${one}`)
  return list.length === 1 ? sql`${column} = ${list[0]}` : sql`${column} in (${sql.join(list)})`
}

function sqliteValue(project: string, one: Comparison, alias: string): RawBuilder<unknown> {
  const values = valuesOf(one)
  const k = sql.raw(alias)
  // What is shorter than the indexed letters is known from them alone.
  const whole = values.every((text) => letters(text) < indexedLetters)
    ? sql``
    : sql` and ${isOneOf(sql`${k}.value`, values)}`
  const begins = isOneOf(sql`substr(${k}.value, 1, ${sql.raw(String(indexedLetters))})`, values.map(start))
  return sql`${k}.project_id = ${project} and ${k}.key = ${one.key} and ${begins}${whole}`
}

/** Postgres has two indexes: one of short values, whole, which alone answers, and one of how the long ones begin. A condition says which by its length. */
function postgresValue(project: string, one: Comparison, alias: string): RawBuilder<unknown> {
  const k = sql.raw(alias)
  const most = sql.raw(String(indexedLetters))
  const values = valuesOf(one)
  const [short, long] = [
    values.filter((text) => letters(text) <= indexedLetters),
    values.filter((text) => letters(text) > indexedLetters),
  ]
  const tests: RawBuilder<unknown>[] = []
  if (short.length > 0)
    tests.push(sql`(length(${k}.value) <= ${most} and ${isOneOf(sql`${k}.value collate "C"`, short)})`)
  if (long.length > 0)
    tests.push(
      sql`(length(${k}.value) > ${most} and ${isOneOf(sql`substr(${k}.value, 1, ${most})`, long.map(start))} and ${isOneOf(sql`${k}.value`, long)})`,
    )
  return sql`${k}.project_id = ${project} and ${k}.key = ${one.key} and (${sql.join(tests, sql` or `)})`
}
