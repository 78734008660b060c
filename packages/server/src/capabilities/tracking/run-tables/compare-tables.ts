import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunTables } from '@trivium/contract'
import type { Relation } from '../../../kernel/ports/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { artifactPath } from '../artifact-path.ts'
import { trackingErrors } from '../errors.ts'
import { requireRun } from '../runs.ts'
import { type OpenedTable, openTable, type TableDeps } from './table-files.ts'
import { comparisonSql, sharedColumns } from './table-sql.ts'

const mostRuns = 6
const mostColumns = 100
const timeoutMs = 30_000

export interface TablesWanted {
  readonly runs: readonly string[]
  readonly path: string
  readonly key: string | undefined
  readonly differing: boolean
  readonly limit: number
  readonly after: number
}

/** Tables of one path side by side; rows and values that are not the first table's are marked. */
export async function compareTables(deps: TableDeps, scope: Scope, wanted: TablesWanted): Promise<RunTables> {
  const { project } = scope
  const { runs, path, key, differing, limit, after } = wanted
  if (runs.length === 0 || runs.length > mostRuns)
    throw trackingErrors.INVALID(`Tables of 1 to ${mostRuns} different runs stand side by side; it got ${runs.length}.`)
  artifactPath(path)
  const found = []
  for (const run of runs) found.push(await requireRun(deps.db.read, project, run))
  const folder = await mkdtemp(join(deps.paths.tmp, 'tables-'))
  try {
    const tried: (OpenedTable | { readonly problem: string })[] = []
    for (const [at, run] of runs.entries()) tried.push(await openTable(deps, { project, run, path, folder, at }))
    const tables = found.map(({ id, name }, at) => {
      const one = tried[at]
      const problem = one && 'problem' in one ? one.problem : null
      return { run: id, name, rows: one && 'rows' in one ? one.rows : null, problem }
    })
    const places = tried.flatMap((one, at) => ('rows' in one ? [at] : []))
    const opened = places.map((at) => tried[at] as OpenedTable)
    const all = sharedColumns(opened)
    if (key !== undefined && opened.length > 0 && !all.some(({ name }) => name === key))
      throw trackingErrors.INVALID(`No table at "${path}" has a column "${key}".`)
    const columns = all.slice(0, mostColumns)
    const empty = { path, tables, key: key ?? null, rows: 0, differing: 0, page: [], nextPageToken: null }
    if (opened.length === 0) return { ...empty, baseline: null, columns: [], leftOut: 0 }
    const sql = comparisonSql(opened, columns, key)
    const relations: Record<string, Relation> = Object.fromEntries(opened.map((one, at) => [`t${at}`, one.relation]))
    // Files of runs are anybody's: they are read where they can open nothing else and bring nothing down.
    const ask = (text: string) => deps.tables.query({ sql: text, relations, trusted: false }, { timeoutMs })
    const [counts = []] = (await ask(sql.counts)).rows
    const { rows } = await ask(sql.page(after, limit + 1, differing))
    const page = rows.slice(0, limit)
    return {
      ...empty,
      baseline: places[0] ?? null,
      columns: columns.map(({ name, type, at }, place) => ({
        name,
        type,
        in: tried.map((_, run) => (at[places.indexOf(run)] ?? -1) >= 0),
        differs: Number(counts[2 + place]),
      })),
      leftOut: all.length - columns.length,
      rows: Number(counts[0]),
      differing: Number(counts[1]),
      page: page.map((row) => presentRow(row, columns.length, tried.length, places)),
      nextPageToken: rows.length > limit ? String(page.at(-1)?.[0]) : null,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function presentRow(
  row: readonly unknown[],
  columns: number,
  tables: number,
  places: readonly number[],
): RunTables['page'][number] {
  const cells: RunTables['page'][number]['cells'] = Array.from({ length: tables }, () => null)
  const differs: number[][] = Array.from({ length: tables }, () => [])
  for (const [at, place] of places.entries()) {
    const start = 2 + at * (columns + 2)
    if (row[start] !== true) continue
    cells[place] = row.slice(start + 1, start + 1 + columns).map((value) => (value === null ? null : String(value)))
    const flags = String(row[start + 1 + columns])
    differs[place] = Array.from(flags).flatMap((flag, column) => (flag === '1' ? [column] : []))
  }
  return { key: String(row[1]), cells, differs }
}
