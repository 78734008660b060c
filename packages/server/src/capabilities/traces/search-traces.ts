import { createHash } from 'node:crypto'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { compileTraceFilter, compileTraceOrder } from './compile-trace-filter.ts'
import { traceErrors } from './errors.ts'
import type { TraceTable } from './tables.ts'
import type { TraceExpression, TraceOrder } from './trace-filter.ts'
import './tables.ts'

/** A search that was parsed: plain data, so that a reader thread can run it. */
export interface TraceQuery {
  readonly project: string
  /** undefined is every experiment of the project. */
  readonly experiments: readonly string[] | undefined
  readonly filter: TraceExpression | undefined
  readonly order: readonly TraceOrder[]
  readonly limit: number
  readonly token: string | undefined
}

/** Which traces a search finds, as a condition on `trace t`. */
function conditions(dialect: Dialect, query: Omit<TraceQuery, 'order' | 'limit' | 'token'>): RawBuilder<SqlBool> {
  const all: RawBuilder<unknown>[] = [sql`t.project_id = ${query.project}`]
  if (query.experiments)
    all.push(
      query.experiments.length === 0
        ? sql`1 = 0`
        : sql`t.experiment_id in (${sql.join(query.experiments.map((id) => sql`${id}`))})`,
    )
  if (query.filter) all.push(sql`(${compileTraceFilter(dialect, query.filter)})`)
  return sql<SqlBool>`${sql.join(all, sql` and `)}`
}

/** One page of traces in order, and the token of the next one. */
export async function selectTraces(
  db: Reader,
  dialect: Dialect,
  query: TraceQuery,
): Promise<{ rows: TraceTable[]; nextToken: string | undefined }> {
  const keys = compileTraceOrder(dialect, query.order)
  const order = sql.join(
    keys.map(({ expression, descending }) => sql`${expression} ${sql.raw(descending ? 'desc' : 'asc')}`),
  )
  const after = query.token === undefined ? [] : valuesOf(query, keys.length)
  const rest = after.length === 0 ? sql`1 = 1` : behind(keys, after)
  const picked = sql.join(keys.map(({ expression }, i) => sql`${expression} as ${sql.ref(`sort_${i}`)}`))
  const found = await sql<
    TraceTable & Record<string, unknown>
  >`select t.*, ${picked} from trace t where ${conditions(dialect, query)} and ${rest} order by ${order} limit ${query.limit + 1}`.execute(
    db as never,
  )
  const rows = found.rows.slice(0, query.limit)
  const last = rows.at(-1)
  const nextToken =
    found.rows.length > query.limit && last
      ? Buffer.from(JSON.stringify([fingerprint(query), ...keys.map((_, i) => sortValue(last[`sort_${i}`]))])).toString(
          'base64url',
        )
      : undefined
  return { rows, nextToken }
}

const sortValue = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)

/** Rows that come after the one with these values: later in the first key, or equal in it and later in the second, and so on. */
function behind(keys: ReturnType<typeof compileTraceOrder>, values: readonly (string | number)[]): RawBuilder<unknown> {
  const cases = keys.map(({ expression, descending }, i) => {
    const same = keys.slice(0, i).map((key, n) => sql`${key.expression} = ${values[n]}`)
    return sql`(${sql.join([...same, sql`${expression} ${sql.raw(descending ? '<' : '>')} ${values[i]}`], sql` and `)})`
  })
  return sql`(${sql.join(cases, sql` or `)})`
}

function valuesOf(query: TraceQuery, count: number): (string | number)[] {
  try {
    const [of, ...values] = JSON.parse(Buffer.from(query.token ?? '', 'base64url').toString()) as unknown[]
    const fits = values.every(
      (one) => (typeof one === 'string' && !one.includes('\u0000')) || Number.isSafeInteger(one),
    )
    if (of === fingerprint(query) && values.length === count && fits) return values as (string | number)[]
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw traceErrors.BAD_PAGE_TOKEN()
}

const fingerprint = ({ project, experiments, filter, order }: TraceQuery): string =>
  createHash('sha256')
    .update(JSON.stringify([project, experiments ?? null, filter ?? null, order]))
    .digest('base64url')
    .slice(0, 8)

/** How many traces both filters find, each of them, and all of the base. */
export async function countTraces(
  db: Reader,
  dialect: Dialect,
  input: {
    project: string
    experiments: readonly string[]
    base: TraceExpression | undefined
    first: TraceExpression | undefined
    second: TraceExpression | undefined
  },
): Promise<{ total: number; first: number; second: number; both: number }> {
  const holds = (filter: TraceExpression | undefined) => (filter ? compileTraceFilter(dialect, filter) : sql`1 = 1`)
  const a = holds(input.first)
  const b = holds(input.second)
  const count = (condition: RawBuilder<unknown>) => sql`coalesce(sum(case when ${condition} then 1 else 0 end), 0)`
  const found = await sql<{
    total: number
    first: number
    second: number
    joint: number
  }>`select count(*) as total, ${count(a)} as first, ${count(b)} as second, ${count(sql`(${a}) and (${b})`)} as joint from trace t where ${conditions(dialect, { project: input.project, experiments: input.experiments, filter: input.base })}`.execute(
    db as never,
  )
  const row = found.rows[0]
  return {
    total: Number(row?.total ?? 0),
    first: Number(row?.first ?? 0),
    second: Number(row?.second ?? 0),
    both: Number(row?.joint ?? 0),
  }
}
