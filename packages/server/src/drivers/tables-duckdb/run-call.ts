import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement } from '@duckdb/node-api'
import type { TableColumn, TableQuery, TableResult, WrittenTable } from '../../kernel/ports/table-engine.ts'
import { bindParams } from './bind-params.ts'
import { requireHarmlessSelect, requireOneSelect } from './check-statement.ts'
import { copySql } from './copy-sql.ts'
import { describeFile } from './describe-file.ts'
import type { Call, ChildSettings, QueryCall, WriteCall } from './messages.ts'
import { openEngine } from './open-engine.ts'
import { readRows } from './read-rows.ts'
import { createRelationViews } from './relation-views.ts'
import { tableTypeOf } from './table-types.ts'

const defaultMaxRows = 10_000

/** One call while it runs; `checkpoint` throws once it is cancelled. */
export type RunningCall = {
  id: number
  checkpoint: () => void
  onConnection: (connection: DuckDBConnection | undefined) => void
}

/** Runs calls inside the child; `drop` forgets the shared engine after an error that it does not survive. */
export function createCallRunner(settings: ChildSettings): {
  run: (call: Call, running: RunningCall) => Promise<unknown>
  drop: () => void
} {
  let shared: { engine: Promise<DuckDBInstance>; calls: number; running: number } | undefined

  async function runShared(call: Call, running: RunningCall): Promise<unknown> {
    const mine = (shared ??= {
      engine: openEngine(settings, { files: [], dirs: settings.allowedDirs }),
      calls: 0,
      running: 0,
    })
    mine.calls += 1
    mine.running += 1
    if (mine.calls === settings.callsOfEngine) shared = undefined
    try {
      return await runConnected(await mine.engine, call, running)
    } finally {
      mine.running -= 1
      if (mine.calls === settings.callsOfEngine && mine.running === 0) (await mine.engine).closeSync()
    }
  }

  async function runSealed(call: Call, running: RunningCall): Promise<unknown> {
    const tempDir = join(settings.tempDir, `call-${running.id}`)
    await mkdir(tempDir, { mode: 0o700 })
    try {
      const engine = await openEngine({ ...settings, tempDir }, { files: filesOf(call), dirs: [] })
      try {
        return await runConnected(engine, call, running)
      } finally {
        engine.closeSync()
      }
    } finally {
      await rm(tempDir, { recursive: true, force: true })
    }
  }

  return {
    run: settings.isolation === 'shared' ? runShared : runSealed,
    drop: () => {
      shared = undefined
    },
  }
}

async function runConnected(engine: DuckDBInstance, call: Call, running: RunningCall): Promise<unknown> {
  const connection = await engine.connect()
  running.onConnection(connection)
  try {
    running.checkpoint()
    switch (call.kind) {
      case 'query':
        return await runQuery(connection, call, running)
      case 'write':
        return await runWrite(connection, call, running)
      case 'describe':
        return await describeFile(connection, call.file)
    }
  } finally {
    running.onConnection(undefined)
    connection.disconnectSync()
  }
}

async function prepareSelect(
  connection: DuckDBConnection,
  query: TableQuery,
  running: RunningCall,
): Promise<DuckDBPreparedStatement> {
  if (!query.trusted) await requireHarmlessSelect(connection, query.sql, Object.keys(query.relations))
  await createRelationViews(connection, query.relations)
  running.checkpoint()
  return requireOneSelect(connection, query.sql)
}

async function runQuery(
  connection: DuckDBConnection,
  { query }: QueryCall,
  running: RunningCall,
): Promise<TableResult> {
  const prepared = await prepareSelect(connection, query, running)
  bindParams(prepared, query.params ?? [])
  running.checkpoint()
  return readRows(await prepared.stream(), query.maxRows ?? defaultMaxRows, running.checkpoint)
}

async function runWrite(
  connection: DuckDBConnection,
  { query, output }: WriteCall,
  running: RunningCall,
): Promise<WrittenTable> {
  const select = await prepareSelect(connection, query, running)
  const columns: TableColumn[] = Array.from({ length: select.columnCount }, (_, index) => ({
    name: select.columnName(index),
    type: tableTypeOf(select.columnType(index)),
  }))
  select.destroySync()
  try {
    const copy = await connection.prepare(copySql(query.sql, columns, { ...output, path: output.partial }))
    bindParams(copy, query.params ?? [])
    running.checkpoint()
    const result = await copy.run()
    running.checkpoint()
    await syncFile(output.partial)
    const { size } = await stat(output.partial)
    await rename(output.partial, output.path)
    return { rows: result.rowsChanged, bytes: size, columns }
  } finally {
    await rm(output.partial, { force: true })
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function filesOf(call: Call): string[] {
  if (call.kind === 'describe') return [call.file.path]
  const files = Object.values(call.query.relations).flatMap((relation) => relation.files)
  return call.kind === 'write' ? [...files, call.output.partial] : files
}
