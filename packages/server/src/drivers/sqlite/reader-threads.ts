import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { databaseErrors } from '../../kernel/db/database-errors.ts'
import { AppError } from '../../kernel/errors/app-error.ts'
import { threadFlags } from '../../kernel/config/thread-flags.ts'

interface Task {
  module: URL
  name: string
  input: unknown
}
interface Pending {
  resolve: (bytes: Uint8Array) => void
  reject: (error: Error) => void
}
interface Thread {
  worker: Worker
  pending: Map<number, Pending>
  idle: NodeJS.Timeout | undefined
}

type Answer = { id: number } & ({ bytes: Uint8Array } | { error: ThreadError })
interface ThreadError {
  message: string
  stack?: string
  expected?: Pick<AppError, 'code' | 'status' | 'details'>
}

const idleMs = 30_000
/** How long a statement may go on once the server is told to stop. */
const graceMs = 3000
/** Beyond this a caller is told to come again. */
const mostWaiting = 2000

function errorOf({ message, stack, expected }: ThreadError): Error {
  const error = expected ? new AppError(expected.code, expected.status, message, expected.details) : new Error(message)
  return Object.assign(error, { cause: stack })
}

/** A thread with a read-only connection of its own, which does one task after the other; it starts on the first and stops when idle, which keeps a resting server small. */
export class ReaderThreads {
  readonly #path: string
  #thread: Thread | undefined
  #next = 0

  readonly #mostWaiting: number
  readonly #graceMs: number

  constructor(path: string, options: { mostWaiting?: number; graceMs?: number } = {}) {
    this.#path = path
    this.#mostWaiting = options.mostWaiting ?? mostWaiting
    this.#graceMs = options.graceMs ?? graceMs
  }

  run(task: Task): Promise<Uint8Array> {
    const thread = this.#require()
    if (thread.pending.size >= this.#mostWaiting)
      return Promise.reject(databaseErrors.BUSY('searches', thread.pending.size))
    clearTimeout(thread.idle)
    this.#next += 1
    const id = this.#next
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { resolve, reject })
      thread.worker.postMessage({ id, module: task.module.href, name: task.name, input: task.input })
    })
  }

  async close(): Promise<void> {
    const thread = this.#thread
    if (!thread) return
    // From here on a task gets a new thread.
    this.#thread = undefined
    clearTimeout(thread.idle)
    const grace = new AbortController()
    const ended = await Promise.race([
      thread.worker.terminate().then(() => true),
      sleep(this.#graceMs, false, { signal: grace.signal, ref: true }),
    ])
    grace.abort()
    // Nothing interrupts a statement inside SQLite, and a process waits for its threads: this one ends without them, after all else is closed.
    if (!ended) process.once('exit', () => process.kill(process.pid, 'SIGKILL'))
  }

  #require(): Thread {
    if (this.#thread) return this.#thread
    const worker = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './reader-thread.js', import.meta.url),
      { workerData: { path: this.#path }, execArgv: threadFlags() },
    )
    const thread: Thread = { worker, pending: new Map(), idle: undefined }
    worker.on('message', (message: Answer) => {
      const pending = thread.pending.get(message.id)
      thread.pending.delete(message.id)
      if ('bytes' in message) pending?.resolve(message.bytes)
      else pending?.reject(errorOf(message.error))
      if (thread.pending.size === 0) {
        thread.idle = setTimeout(() => void this.close(), idleMs)
        thread.idle.unref()
      }
    })
    const fail = (error: Error) => {
      for (const pending of thread.pending.values()) pending.reject(error)
      thread.pending.clear()
      if (this.#thread === thread) this.#thread = undefined
    }
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`The reader thread ended with code ${code}.`)))
    this.#thread = thread
    return thread
  }
}
