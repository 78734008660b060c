import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { Kysely } from 'kysely'
import type { OffloadedRead, Reader, Tables } from '../../kernel/db/database.ts'
import { NodeSqliteConnection, nodeSqliteDialect } from './node-sqlite-dialect.ts'

const raw = new DatabaseSync((workerData as { path: string }).path, { readOnly: true })
raw.exec('pragma busy_timeout = 5000; pragma cache_size = -32000; pragma temp_store = memory')
const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(new NodeSqliteConnection(raw)) }) as unknown as Reader

parentPort?.on('message', (task: { id: number; module: string; name: string; input: unknown }) => {
  void answer(task)
})

async function answer(task: { id: number; module: string; name: string; input: unknown }): Promise<void> {
  try {
    const module = (await import(task.module)) as Record<string, OffloadedRead>
    const read = module[task.name]
    if (!read) throw new Error(`Module ${task.module} exports no function ${task.name}.`)
    const result = await read(db, task.input, 'sqlite')
    const bytes = typeof result === 'string' ? new TextEncoder().encode(result) : result
    parentPort?.postMessage({ id: task.id, bytes }, bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [])
  } catch (error) {
    const { message, stack } = error as Error
    parentPort?.postMessage({ id: task.id, error: { message, stack } })
  }
}
