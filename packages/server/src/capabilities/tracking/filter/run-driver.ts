import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { metricTest } from './compile-runs.ts'
import type { Comparison, RunExpression } from './filter-tree.ts'

/** Of a parameter's or tag's value, in the index by value: Postgres takes no longer ones. */
const indexedLetters = 64
const mostIntersected = 3

/** Where a search begins when an index by value can say which runs come into question. */
export interface RunDriver {
  /** Rows with `run_id`, each run once. */
  readonly ids: RawBuilder<unknown>
  /** What is still to be asked of each run. */
  readonly rest: RunExpression | undefined
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
  return { ids, rest: rest.length === 0 ? undefined : { op: 'and', parts: rest } }
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
 * which they are asked for: half the time of putting lists together. A run has a key once, so that none comes twice.
 */
function idsWithAll(dialect: Dialect, project: string, all: readonly Comparison[]): RawBuilder<unknown> {
  if (dialect === 'postgres')
    return sql.join(
      all.map((one) => sql`select k.run_id from ${sql.table(`run_${one.entity}`)} k where ${hasValue(project, one)}`),
      sql` intersect `,
    )
  const [first, ...others] = all as readonly [Comparison, ...Comparison[]]
  const also = others.map(
    (one) =>
      sql` and exists (select 1 from ${sql.table(`run_${one.entity}`)} k indexed by ${sql.raw(`run_${one.entity}_by_value`)} where ${hasValue(project, one)} and k.run_id = first.run_id)`,
  )
  return sql`select first.run_id from ${sql.table(`run_${first.entity}`)} first where ${hasValue(project, first, 'first')}${sql.join(also, sql``)}`
}

function hasValue(project: string, { key, value }: Comparison, alias = 'k'): RawBuilder<unknown> {
  const values = [...new Set(typeof value === 'string' ? [value] : (value as readonly string[]))]
  const starts = [...new Set(values.map((one) => Array.from(one).slice(0, indexedLetters).join('')))]
  const list = (texts: readonly string[]) => sql.join(texts.map((one) => sql`${one}`))
  const k = sql.raw(alias)
  // What is shorter than the indexed letters is known from them alone.
  const whole = values.every((one) => Array.from(one).length < indexedLetters)
    ? sql``
    : sql` and ${k}.value in (${list(values)})`
  const start = sql`substr(${k}.value, 1, ${sql.raw(String(indexedLetters))})`
  const begins = starts.length === 1 ? sql`${start} = ${starts[0]}` : sql`${start} in (${list(starts)})`
  return sql`${k}.project_id = ${project} and ${k}.key = ${key} and ${begins}${whole}`
}
