import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { OffloadedRead, Reader } from '../../kernel/db/database.ts'
import { AppError } from '../../kernel/errors/app-error.ts'
import { kyselyOn, NodeSqliteConnection } from './node-sqlite-dialect.ts'
import { addTextFunctions } from './text-functions.ts'

const raw = new DatabaseSync((workerData as { path: string }).path, { readOnly: true })
raw.exec('pragma busy_timeout = 5000; pragma cache_size = -32000; pragma temp_store = memory')
addTextFunctions(raw)
const db = kyselyOn(new NodeSqliteConnection(raw)) as unknown as Reader

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
    parentPort?.postMessage({ id: task.id, bytes }, ownBuffer(bytes))
  } catch (error) {
    const { message, stack, code, status, details } = error as AppError
    const expected = error instanceof AppError ? { code, status, details } : undefined
    parentPort?.postMessage({ id: task.id, error: { message, stack, expected } })
  }
}

/** What can be handed over without a copy: a buffer that holds these bytes and nothing else (small `Buffer`s share theirs). */
function ownBuffer(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? [buffer] : []
}
