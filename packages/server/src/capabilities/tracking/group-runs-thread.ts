import type { RunGroup } from '@trivium/contract'
import { sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { momentsOf, studentTQuantile, varianceOf } from '../../kernel/stats/index.ts'
import { resolveNames } from './filter/resolve-names.ts'
import { type RunQuery, runConditions } from './search-runs.ts'

const most = 500

/** What runs are grouped by, in order. */
export interface GroupColumn {
  readonly of: 'param' | 'tag'
  readonly key: string
}

interface Gathered {
  readonly values: (string | null)[]
  runs: number
  running: number
  lastRunAt: number | null
  readonly metrics: Map<string, number[]>
}

/** Groups of runs with mean and spread of metrics as finished JSON, the largest group first. Runs on a reader thread. */
export async function runGroupsBytes(
  db: Reader,
  input: { query: RunQuery; by: readonly GroupColumn[]; metrics: readonly string[] },
  dialect: Dialect,
): Promise<string> {
  const { by, metrics } = input
  const query = await resolveNames(db, input.query.project, input.query)
  const where = runConditions(dialect, query)
  const joins = by.map(({ of, key }, at) => {
    const name = sql.raw(`g${at}`)
    return sql` left join ${sql.table(`run_${of}`)} ${name} on ${name}.project_id = r.project_id and ${name}.run_id = r.id and ${name}.key = ${key}`
  })
  const values = by.map((_, at) => sql`, ${sql.raw(`g${at}.value`)} as ${sql.raw(`v${at}`)}`)
  const found = await sql<
    { id: string; status: string; start_time: number | null } & Record<string, string | null>
  >`select r.id, r.status, r.start_time${sql.join(values, sql``)} from run r${sql.join(joins, sql``)} where ${where}`.execute(
    db as never,
  )
  const groups = new Map<string, Gathered>()
  const groupOf = new Map<string, Gathered>()
  for (const row of found.rows) {
    const own = by.map((_, at) => row[`v${at}`] ?? null)
    const name = JSON.stringify(own)
    const group = groups.get(name) ?? { values: own, runs: 0, running: 0, lastRunAt: null, metrics: new Map() }
    groups.set(name, group)
    group.runs += 1
    if (row.status === 'RUNNING' || row.status === 'SCHEDULED') group.running += 1
    else groupOf.set(row.id, group)
    const at = row.start_time === null ? null : Number(row.start_time)
    if (at !== null && (group.lastRunAt === null || at > group.lastRunAt)) group.lastRunAt = at
  }
  if (metrics.length > 0) {
    const keys = sql.join(metrics.map((key) => sql`${key}`))
    const points = await sql<{
      run_id: string
      key: string
      last_value: number
    }>`select m.run_id, m.key, m.last_value from run r join run_metric m on m.project_id = r.project_id and m.run_id = r.id where ${where} and m.key in (${keys}) and m.last_is_nan = 0`.execute(
      db as never,
    )
    for (const { run_id, key, last_value } of points.rows) {
      const group = groupOf.get(run_id)
      if (!group) continue
      const list = group.metrics.get(key)
      if (list) list.push(last_value)
      else group.metrics.set(key, [last_value])
    }
  }
  const sorted = [...groups.values()].toSorted(
    (a, b) => b.runs - a.runs || JSON.stringify(a.values).localeCompare(JSON.stringify(b.values)),
  )
  return JSON.stringify({
    groups: sorted.slice(0, most).map(
      (group): RunGroup => ({
        ...group,
        metrics: Object.fromEntries([...group.metrics].map(([key, list]) => [key, spreadOf(list)])),
      }),
    ),
    total: sorted.length,
    runs: found.rows.length,
  })
}

/** Mean, standard deviation and the mean's 95 % interval by Student's t. */
export function spreadOf(values: readonly number[]): RunGroup['metrics'][string] {
  const moments = momentsOf(values)
  const { n, mean } = moments
  const ends = { min: Math.min(...values), max: Math.max(...values) }
  if (n < 2) return { n, mean, sd: null, low: null, high: null, ...ends }
  const sd = Math.sqrt(varianceOf(moments))
  const half = (studentTQuantile(0.975, n - 1) * sd) / Math.sqrt(n)
  return { n, mean, sd, low: mean - half, high: mean + half, ...ends }
}
