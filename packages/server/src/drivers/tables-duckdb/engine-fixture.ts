import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Relation, TableFormat, TableParam, TableResult } from '../../kernel/ports/table-engine.ts'
import { createTableEngine, type DuckTableEngine, type TableEngineOptions } from './index.ts'

/** Real data that tests read: three million flights. */
export const vegaDir = resolve(import.meta.dirname, '../../../../../node_modules/vega-datasets/data')
export const flights: Relation = { format: 'parquet', files: [join(vegaDir, 'flights-3m.parquet')] }

export type EngineFixture = {
  engine: DuckTableEngine
  dir: string
  path: (name: string) => string
  /** Rows of trusted SQL. */
  rows: (sql: string, relations?: Record<string, Relation>, params?: TableParam[]) => Promise<unknown[][]>
  result: (sql: string, relations?: Record<string, Relation>, params?: TableParam[]) => Promise<TableResult>
  /** Writes the rows of trusted SQL and returns the file as a relation. */
  file: (name: string, sql: string, format?: TableFormat) => Promise<Relation>
  close: () => Promise<void>
}

/** An engine on a directory of its own; for tests. */
export function openEngineFixture(options: Partial<TableEngineOptions> = {}): EngineFixture {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'trivium-tables-')))
  const engine = createTableEngine({
    tempDir: join(dir, 'temp'),
    memoryLimit: '1GB',
    threads: 2,
    slots: 3,
    allowedDirs: [dir, vegaDir],
    ...options,
  })
  const path = (name: string) => join(dir, name)
  const result = (sql: string, relations: Record<string, Relation> = {}, params: TableParam[] = []) =>
    engine.query({ sql, relations, params, trusted: true })
  return {
    engine,
    dir,
    path,
    result,
    rows: async (...query) => (await result(...query)).rows,
    file: async (name, sql, format = 'parquet') => {
      await engine.write({ sql, relations: {}, trusted: true, output: { path: path(name), format } })
      return { format, files: [path(name)] }
    },
    close: async () => {
      await engine.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
