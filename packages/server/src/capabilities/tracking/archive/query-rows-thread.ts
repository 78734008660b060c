import { type SelectQueryBuilder, sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import '../tables.ts'
import './tables.ts'

/** Which runs a query reads; all active ones of the project without lists. */
export interface QueryScope {
  readonly project: string
  readonly experiments?: readonly string[]
  readonly runs?: readonly string[]
  /** Of metrics. */
  readonly keys?: readonly string[]
}

export type QueryTable = 'runs' | 'params' | 'tags' | 'metrics'

export interface RowsInput {
  readonly scope: QueryScope
  readonly table: QueryTable
  /** The run and key after which it goes on. */
  readonly after?: readonly [run: string, key: string]
}

const rowsAtOnce = 10_000

/** Active runs of a project. */
function activeRuns<T>(select: SelectQueryBuilder<any, any, T>, scope: QueryScope): SelectQueryBuilder<any, any, T> {
  let some = select.where('run.project_id', '=', scope.project).where('run.lifecycle', '=', 'active')
  if (scope.experiments) some = some.where('run.experiment_id', 'in', scope.experiments)
  if (scope.runs) some = some.where('run.id', 'in', scope.runs)
  return some
}

/** Some rows of a table as JSON lines, after a first line with where the next ones begin, or null. Runs on a reader thread. */
export async function queryRowBytes(db: Reader, { scope, table, after }: RowsInput): Promise<string> {
  const rows = await (table === 'runs' ? runRows(db, scope, after) : keyRows(db, scope, table, after))
  const last = rows.length < rowsAtOnce ? undefined : (rows.at(-1) as { run_id: string; key?: string })
  const next = last ? [last.run_id, last.key ?? ''] : null
  return `${JSON.stringify(next)}\n${rows.map((row) => `${JSON.stringify(row)}\n`).join('')}`
}

function runRows(db: Reader, scope: QueryScope, after: RowsInput['after']): Promise<object[]> {
  const select = db
    .selectFrom('run')
    .innerJoin('experiment as e', (join) =>
      join.onRef('e.project_id', '=', 'run.project_id').onRef('e.id', '=', 'run.experiment_id'),
    )
    .select([
      'run.id as run_id',
      'run.name as name',
      'run.experiment_id as experiment_id',
      'e.name as experiment',
      'run.status as status',
      'run.user_id as user',
      'run.start_time as start_time',
      'run.end_time as end_time',
    ])
  return activeRuns(select as never, scope)
    .where('run.id', '>', after?.[0] ?? '')
    .orderBy('run.id')
    .limit(rowsAtOnce)
    .execute() as Promise<object[]>
}

async function keyRows(
  db: Reader,
  scope: QueryScope,
  table: Exclude<QueryTable, 'runs'>,
  after: RowsInput['after'],
): Promise<object[]> {
  const name = ({ params: 'run_param', tags: 'run_tag', metrics: 'run_metric' } as const)[table]
  const select = db
    .selectFrom(`${name} as t` as 'run_param as t')
    .innerJoin('run', (join) => join.onRef('run.project_id', '=', 't.project_id').onRef('run.id', '=', 't.run_id'))
    .selectAll('t')
    .where('t.project_id', '=', scope.project)
  let some = activeRuns(select as never, scope)
  if (table === 'metrics' && scope.keys) some = some.where('t.key', 'in', scope.keys)
  const [run, key] = after ?? ['', '']
  const rows = (await some
    .where(sql<boolean>`(t.run_id, t.key) > (${run}, ${key})`)
    .orderBy('t.run_id')
    .orderBy('t.key')
    .limit(rowsAtOnce)
    .execute()) as unknown as Record<string, number | string | null>[]
  if (table !== 'metrics') return rows.map(({ run_id, key, value }) => ({ run_id, key, value }))
  return rows.map((row) => ({
    run_id: row['run_id'],
    key: row['key'],
    first: row['first_is_nan'] === 1 ? null : row['first_value'],
    last: row['last_is_nan'] === 1 ? null : row['last_value'],
    min: row['min_value'],
    max: row['max_value'],
    count: Number(row['count']),
    last_step: Number(row['last_step']),
  }))
}

/** Metrics that have points in the table, a page of them with their numbers, and how many points. Runs on a reader thread. */
export async function hotSeriesListBytes(
  db: Reader,
  { scope, after }: { scope: QueryScope; after?: RowsInput['after'] },
): Promise<string> {
  const select = db
    .selectFrom('run_metric as t')
    .innerJoin('run', (join) => join.onRef('run.project_id', '=', 't.project_id').onRef('run.id', '=', 't.run_id'))
    .leftJoin('metric_archive_key as k', (join) =>
      join.onRef('k.project_id', '=', 't.project_id').onRef('k.run_id', '=', 't.run_id').onRef('k.key', '=', 't.key'),
    )
    .select(['t.run_id', 't.key', 't.series_id', sql<number>`t.count - coalesce(k.points, 0)`.as('points')])
    .where('t.project_id', '=', scope.project)
  let some = activeRuns(select as never, scope)
  if (scope.keys) some = some.where('t.key', 'in', scope.keys)
  const [run, key] = after ?? ['', '']
  const rows = (await some
    .where(sql<boolean>`(t.run_id, t.key) > (${run}, ${key})`)
    .orderBy('t.run_id')
    .orderBy('t.key')
    .limit(rowsAtOnce)
    .execute()) as { run_id: string; key: string; series_id: number; points: number }[]
  const last = rows.length < rowsAtOnce ? undefined : rows.at(-1)
  return JSON.stringify({
    next: last ? [last.run_id, last.key] : null,
    points: rows.reduce((sum, row) => sum + Number(row.points), 0),
    series: rows
      .filter((row) => Number(row.points) > 0)
      .map((row) => ({
        id: Number(row.series_id),
        label: `"run_id":${JSON.stringify(row.run_id)},"key":${JSON.stringify(row.key)},`,
      })),
  })
}

/** The files of runs that a query reads. Runs on a reader thread. */
export async function queryFileBytes(db: Reader, { scope }: { scope: QueryScope }): Promise<string> {
  const select = db
    .selectFrom('metric_archive as t')
    .innerJoin('run', (join) => join.onRef('run.project_id', '=', 't.project_id').onRef('run.id', '=', 't.run_id'))
    .select(['t.run_id as run', 't.blob as blob'])
    .where('t.project_id', '=', scope.project)
  return JSON.stringify(
    await activeRuns(select as never, scope)
      .orderBy('t.run_id')
      .execute(),
  )
}
