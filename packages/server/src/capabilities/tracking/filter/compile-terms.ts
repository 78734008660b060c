import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import type { Term, TermComparison } from './filter-tree.ts'
import { metricValue, statisticOf } from './metric-columns.ts'
import type { Condition } from './compile-text.ts'

/** Beyond it a result has no value; the infinities are stored as the greatest finite numbers and are beyond it too. */
const greatest = 1.797_693_134_862e308
/** Nearer to zero than this is zero in products and quotients. */
const smallest = 2.3e-308

const real = (dialect: Dialect, value: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`cast(${value} as ${sql.raw(dialect === 'sqlite' ? 'real' : 'double precision')})`

/** `left COMPARATOR right` over the run `r`: true or false, never unknown. For `few` runs Postgres is kept from calculating it for all that there are, and joining. */
export function compileTermComparison(
  dialect: Dialect,
  { left, comparator, right }: TermComparison,
  few: boolean,
): Condition {
  const metrics = new Map<string, string>()
  const test = sql`${value(dialect, left, metrics)} ${sql.raw(comparator === '!=' ? '<>' : comparator)} ${value(dialect, right, metrics)}`
  return sql`exists (select 1 from ${rowsOf(metrics)} ${test}${sql.raw(few && dialect === 'postgres' ? ' offset 0' : '')})`
}

/** The value of a term over the run `r`, null where it has none. */
export function compileTerm(dialect: Dialect, term: Term): RawBuilder<unknown> {
  const metrics = new Map<string, string>()
  const result = value(dialect, term, metrics)
  return sql`(select ${result} from ${rowsOf(metrics)} 1 = 1)`
}

/** The rows of a run's metrics that a term reads, by alias; no row where one of them is missing. Ends with `and` or `where`. */
function rowsOf(metrics: ReadonlyMap<string, string>): RawBuilder<unknown> {
  if (metrics.size === 0) return sql`(select 1 as one) no_metric where`
  const tables = [...metrics.values()].map((alias) => sql`run_metric ${sql.raw(alias)}`)
  const keys = [...metrics].map(([key, alias]) => {
    const m = sql.raw(alias)
    return sql`${m}.project_id = r.project_id and ${m}.run_id = r.id and ${m}.key = ${key} and`
  })
  return sql`${sql.join(tables)} where ${sql.join(keys, sql` `)}`
}

function value(dialect: Dialect, term: Term, metrics: Map<string, string>): RawBuilder<unknown> {
  if (term.term === 'number') return real(dialect, sql`${term.value}`)
  if (term.term === 'attribute') return real(dialect, sql.ref(`r.${term.key}`))
  if (term.term === 'metric') {
    const alias = metrics.get(term.key) ?? `m${metrics.size}`
    metrics.set(term.key, alias)
    return metricValue(alias, statisticOf(term.key, term.statistic))
  }
  const [left, right] = [value(dialect, term.left, metrics), value(dialect, term.right, metrics)]
  // Each side is calculated once: the inner rows are not merged into what reads them.
  const kept = sql.raw(dialect === 'postgres' ? ' offset 0' : '')
  return sql`(select case when a is null or b is null then null ${guarded(dialect, term.term)} end from (select ${left} as a, ${right} as b${kept}) sides)`
}

/** An operation that no database fails at, with the same result on each. */
function guarded(dialect: Dialect, sign: '+' | '-' | '*' | '/'): RawBuilder<unknown> {
  const most = real(dialect, sql`${greatest}`)
  const least = real(dialect, sql`${smallest}`)
  const none = real(dialect, sql`${0}`)
  const finite = sql`when abs(a) > ${most} or abs(b) > ${most} then null`
  switch (sign) {
    case '+':
      return sql`${finite} when a > 0 and b > ${most} - a then null when a < 0 and b < - ${most} - a then null else a + b`
    case '-':
      return sql`${finite} when a > 0 and b < a - ${most} then null when a < 0 and b > a + ${most} then null else a - b`
    case '*':
      return sql`${finite} when abs(a) < ${least} or abs(b) < ${least} then ${none} when abs(b) > 1 and abs(a) > ${most} / abs(b) then null when abs(b) < 1 and abs(a) < ${least} / abs(b) then ${none} else a * b`
    case '/':
      return sql`${finite} when abs(b) < ${least} then null when abs(a) < ${least} then ${none} when abs(b) < 1 and abs(a) > ${most} * abs(b) then null when abs(b) > 1 and abs(a) < ${least} * abs(b) then ${none} else a / b`
  }
}
