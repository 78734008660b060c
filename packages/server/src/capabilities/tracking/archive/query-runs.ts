import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunQueryResult } from '@trivium/contract'
import { defineErrors } from '../../../kernel/errors/index.ts'
import type { Relation, TableColumn } from '../../../kernel/ports/index.ts'
import type { LinesInput } from './point-lines-thread.ts'
import type { QueryScope, QueryTable, RowsInput } from './query-rows-thread.ts'
import type { ArchiveDeps } from './read-archived.ts'
import { pointColumns, pointLines, writeLines } from './write-point-lines.ts'

const queryErrors = defineErrors('RUN_QUERY', {
  TOO_MUCH: {
    status: 422,
    message: (what: string, most: number) =>
      `The query would read more than ${most.toLocaleString('en')} ${what}. Name experiments, runs or keys of metrics that it is about.`,
  },
  BUSY: {
    status: 429,
    message: () => 'As many queries over runs as may run at once are running; ask again.',
    details: () => ({ retryAfter: 2 }),
  },
  MOVING: {
    status: 503,
    message: () => 'Metrics that the query reads are being moved at the moment; ask again.',
    details: () => ({ retryAfter: 1 }),
  },
})

const text = (name: string): TableColumn => ({ name, type: 'string' })
const number = (name: string): TableColumn => ({ name, type: 'number' })
const integer = (name: string): TableColumn => ({ name, type: 'integer' })
const columnsOf: Record<QueryTable, TableColumn[]> = {
  runs: [
    ...['run_id', 'name', 'experiment_id', 'experiment', 'status', 'user'].map(text),
    ...['start_time', 'end_time'].map(integer),
  ],
  params: ['run_id', 'key', 'value'].map(text),
  tags: ['run_id', 'key', 'value'].map(text),
  metrics: [
    ...['run_id', 'key'].map(text),
    ...['first', 'last', 'min', 'max'].map(number),
    ...['count', 'last_step'].map(integer),
  ],
}
const tableNames = Object.keys(columnsOf) as QueryTable[]
const pointsTable = [text('run_id'), text('key'), ...pointColumns]

const module = new URL(`./query-rows-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const atOnce = 2
const mostRows = 10_000
const timeoutMs = 30_000
const mostTurns = 3

/** So much one query may read; more is asked for by naming what it is about. */
const limits = { points: 5_000_000, files: 2000, rows: 2_000_000 }

/** Runs SQL of people over runs; one of these a server. */
export function createRunQueries(deps: ArchiveDeps, { most = limits }: { most?: typeof limits } = {}) {
  const { db, blobs, tables, paths } = deps
  let running = 0

  const ask = async <T>(name: string, input: unknown): Promise<T> =>
    JSON.parse(Buffer.from(await db.offload({ module, name, input })).toString()) as T

  async function* rowLines(scope: QueryScope, table: QueryTable): AsyncGenerator<Uint8Array> {
    let rows = 0
    for (let after: RowsInput['after'] | null = undefined; after !== null; ) {
      const input: RowsInput = { scope, table, ...(after ? { after } : {}) }
      const bytes = await db.offload({ module, name: 'queryRowBytes', input, slow: true })
      const end = bytes.indexOf(10)
      after = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as RowsInput['after'] | null
      for (const byte of bytes) if (byte === 10) rows += 1
      if (rows > most.rows) throw queryErrors.TOO_MUCH(`rows of ${table}`, most.rows)
      if (end + 1 < bytes.length) yield bytes.subarray(end + 1)
    }
  }

  async function* hotLines(scope: QueryScope): AsyncGenerator<Uint8Array> {
    let points = 0
    for (let after: RowsInput['after'] | null = undefined; after !== null; ) {
      type Page = { next: RowsInput['after'] | null; points: number; series: LinesInput['series'] }
      const page: Page = await ask<Page>('hotSeriesListBytes', { scope, ...(after ? { after } : {}) })
      after = page.next
      points += page.points
      if (points > most.points) throw queryErrors.TOO_MUCH('points that are still in the database', most.points)
      for (let start = 0; start < page.series.length; start += 1000)
        yield* pointLines(db, page.series.slice(start, start + 1000))
    }
  }

  const filesOf = (scope: QueryScope) => ask<{ run: string; blob: string }[]>('queryFileBytes', { scope })

  /** All points as Parquet files of one shape: those of runs, and one of what is in the table. A run that is moved meanwhile might be missing or twice: then again. */
  async function pointFiles(scope: QueryScope, folder: string): Promise<Relation> {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const before = await filesOf(scope)
      if (before.length > most.files) throw queryErrors.TOO_MUCH('runs with files of points', most.files)
      const lines = join(folder, `points-${turn}.ndjson`)
      await writeLines(lines, hotLines(scope))
      const hot = join(folder, `points-${turn}.parquet`)
      await tables.write({
        sql: 'select run_id, key, step, timestamp, value from points',
        relations: { points: { format: 'ndjson', files: [lines], columns: pointsTable } },
        trusted: true,
        output: { path: hot, format: 'parquet' },
      })
      const files = [hot]
      for (const { blob } of before) files.push(await blobs.localPath(scope.project, blob))
      if (JSON.stringify(await filesOf(scope)) === JSON.stringify(before))
        return { format: 'parquet', files, unionByName: true }
    }
    throw queryErrors.MOVING()
  }

  return {
    /** Rows of one SELECT over `runs`, `params`, `tags`, `metrics` and `points` of the active runs in a scope. Only what the SQL names is read. */
    run: async (scope: QueryScope, query: string): Promise<RunQueryResult> => {
      if (running >= atOnce) throw queryErrors.BUSY()
      running += 1
      const folder = await mkdtemp(join(paths.tmp, 'query-'))
      try {
        const relations: Record<string, Relation> = {}
        for (const table of tableNames) {
          const columns = columnsOf[table]
          if (!names(query, table)) {
            relations[table] = { format: 'ndjson', files: [], columns }
            continue
          }
          const path = join(folder, `${table}.ndjson`)
          await writeLines(path, rowLines(scope, table))
          relations[table] = { format: 'ndjson', files: [path], columns }
        }
        relations['points'] = names(query, 'points')
          ? await pointFiles(scope, folder)
          : { format: 'parquet', files: [], columns: pointsTable }
        return await tables.query({ sql: query, relations, trusted: false, maxRows: mostRows }, { timeoutMs })
      } finally {
        running -= 1
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** Whether the SQL may read a table: its name stands somewhere. */
const names = (query: string, table: string): boolean => query.toLowerCase().includes(table)
