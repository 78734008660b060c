import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Dialect, oneOf, preparedMark, type Reader } from '../../kernel/db/index.ts'
import { compileRunFilter, compileRunOrder } from './filter/compile-runs.ts'
import type { RunExpression } from './filter/filter-tree.ts'
import type { OrderKey } from './filter/parse-order.ts'
import { resolveNames } from './filter/resolve-names.ts'
import { runDriver } from './filter/run-driver.ts'
import type { RunTable } from './tables.ts'
import './tables.ts'

/** A search that was parsed: plain data, so that a reader thread can run it. */
export interface RunQuery {
  readonly project: string
  /** undefined is every experiment of the project. */
  readonly experiments: readonly string[] | undefined
  /** `shown` is active and not in the archive, which MLflow does not know. */
  readonly view: 'active' | 'shown' | 'archived' | 'deleted' | 'all'
  readonly filter: RunExpression | undefined
  readonly order: readonly OrderKey[]
  readonly limit: number
  readonly offset: number
}

/** Which runs a search finds, as a condition on `run r`; its names are resolved. */
export const runConditions = (dialect: Dialect, query: Omit<RunQuery, 'order'>): RawBuilder<SqlBool> => {
  const all: RawBuilder<unknown>[] = [sql`r.project_id = ${query.project}`]
  if (query.experiments) {
    const ids = query.experiments.map((id) => sql`${id}`)
    all.push(
      ids.length === 0
        ? sql`1 = 0`
        : ids.length === 1
          ? sql`r.experiment_id = ${ids[0]}`
          : sql`r.experiment_id in (${sql.join(ids)})`,
    )
  }
  if (query.view === 'shown') all.push(sql`r.lifecycle = 'active' and r.archived_at is null`)
  else if (query.view === 'archived') all.push(sql`r.lifecycle = 'active' and r.archived_at is not null`)
  else if (query.view !== 'all') all.push(sql`r.lifecycle = ${query.view}`)
  if (query.filter) all.push(sql`(${compileRunFilter(dialect, query.filter)})`)
  return sql<SqlBool>`${sql.join(all, sql` and `)}`
}

/** The runs of a search as `run r`, read from the index that says most where there is one, and what they are asked. */
function fromRuns(dialect: Dialect, query: RunQuery): { from: RawBuilder<unknown>; where: RawBuilder<SqlBool> } {
  const driver = runDriver(dialect, query.project, query.filter)
  if (!driver) return { from: sql`run r`, where: runConditions(dialect, query) }
  const { filter: _, ...others } = query
  const joined = sql`run r on r.project_id = ${query.project} and r.id = d.run_id`
  // SQLite keeps the order of a cross join; without figures about the tables it would begin with all runs.
  if (dialect === 'sqlite')
    return {
      from: sql`(${driver.ids}) d cross join ${joined}`,
      where: runConditions(dialect, { ...others, filter: driver.rest }),
    }
  // Postgres takes a name that fits a pattern for rare and would begin with all runs: what the indexes say comes first.
  const first = sql`(select r.* from (${driver.ids}) d join ${joined} where ${runConditions(dialect, { ...others, filter: undefined })} offset 0) r`
  return { from: first, where: driver.rest ? compileRunFilter(dialect, driver.rest, driver.few) : sql<SqlBool>`true` }
}

/** One page of runs in order, and whether more follow. */
export async function selectRuns(
  db: Reader,
  dialect: Dialect,
  query: RunQuery,
): Promise<{ rows: RunTable[]; more: boolean }> {
  const resolved = await resolveNames(db, query.project, query)
  const { joins, order } = compileRunOrder(dialect, resolved.order)
  const { from, where } = fromRuns(dialect, resolved)
  const found =
    await sql<RunTable>`select r.* from ${from} ${joins} where ${where} order by ${order} limit ${query.limit + 1} offset ${query.offset}`.execute(
      db as never,
    )
  return { rows: found.rows.slice(0, query.limit), more: found.rows.length > query.limit }
}

/** How many runs the filter finds. */
export async function countRuns(db: Reader, dialect: Dialect, query: RunQuery): Promise<number> {
  const { from, where } = fromRuns(dialect, await resolveNames(db, query.project, query))
  const found = await sql<{ n: number }>`select count(*) as n from ${from} where ${where}`.execute(db as never)
  return Number(found.rows[0]?.n ?? 0)
}

/** Which form a list's JSON has: a list of objects as MLflow sends it, or members of an object `"key":value`. */
export type FragmentForm = 'list' | 'members'

const mostIds = 5000

/** Metrics, parameters or tags of many runs as finished JSON text by run, made inside the database: a page of a thousand runs has tens of thousands of them. */
export async function runFragments(
  db: Reader,
  dialect: Dialect,
  input: {
    project: string
    runs: readonly string[]
    of: 'metric' | 'param' | 'tag'
    form: FragmentForm
    keys?: readonly string[]
  },
): Promise<Map<string, string>> {
  const quote = (column: string) =>
    dialect === 'sqlite' ? sql.raw(`json_quote(${column})`) : sql.raw(`to_json(${column})::text`)
  const metric = input.of === 'metric'
  const value = metric ? sql`last_text` : quote('value')
  const list = metric
    ? sql`'{"key":' || ${quote('key')} || ',"value":' || last_text || ',"timestamp":' || last_timestamp || ',"step":' || last_step || '}'`
    : sql`'{"key":' || ${quote('key')} || ',"value":' || ${value} || '}'`
  const member = sql`${quote('key')} || ':' || ${metric ? sql`case when last_is_nan = 1 then 'null' else last_text end` : value}`
  const each = input.form === 'list' ? list : member
  const joined = dialect === 'sqlite' ? sql`group_concat(${each}, ',')` : sql`string_agg(${each}, ',' order by key)`
  const table = sql.table(`run_${input.of}`)
  const fragments = new Map<string, string>()
  if (input.keys?.length === 0) return fragments
  const only = input.keys ? sql`and ${oneOf(dialect, 'key', input.keys)}` : sql``
  const kept = sql.raw(dialect === 'postgres' ? preparedMark : '')
  for (let start = 0; start < input.runs.length; start += mostIds) {
    const these = oneOf(dialect, 'run_id', input.runs.slice(start, start + mostIds))
    const found = await sql<{
      run_id: string
      text: string
    }>`${kept}select run_id, ${joined} as text from ${table} where project_id = ${input.project} and ${these} ${only} group by run_id`.execute(
      db as never,
    )
    for (const row of found.rows) fragments.set(row.run_id, row.text)
  }
  return fragments
}
