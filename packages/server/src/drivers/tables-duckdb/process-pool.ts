import type { TableCallOptions } from '../../kernel/ports/table-engine.ts'
import { tablesErrors } from '../../kernel/tables/table-errors.ts'
import type { AppError } from '../../kernel/errors/index.ts'
import type { Call, ChildSettings, Ended, SentError } from './messages.ts'
import { type Child, startChild } from './start-child.ts'

/** A call that does not react to being interrupted loses its process after this time. */
const graceMs = 2000
const maxFailedStarts = 3
/** A process is not replaced more often, however much each of its calls needs. */
const leastAgeMs = 10_000

export type PoolOptions = {
  settings: Omit<ChildSettings, 'tempDir'>
  tempDir: string
  slots: number
  idleMs: number
  maxWaiting: number
  /** A process that still holds more than this after a call takes no further ones and ends with its last; the next call starts another. In bytes. */
  mostResident: number
  /** Default 10 s. */
  leastAgeMs?: number | undefined
  /** Told of each process that ended by itself. */
  onCrash: (how: string) => void
}

export type ProcessPool = {
  run: (call: Call, options: TableCallOptions & { timeoutMs: number }) => Promise<unknown>
  /** The process that takes calls, once it does. */
  pid: () => number | undefined
  /** How many were replaced for the memory that they held. */
  replaced: () => number
  close: () => Promise<void>
}

type Job = {
  id: number
  call: Call
  /** Where it runs. */
  child?: Child
  resolve: (result: unknown) => void
  reject: (error: AppError) => void
  /** Why it is being stopped. */
  stopping?: AppError
  timers: NodeJS.Timeout[]
  forget: () => void
}

/** One child process, started when there is work and ended when there has been none for a while, with a number of calls at once and a queue before it. */
export function createProcessPool(options: PoolOptions): ProcessPool {
  const waiting: Job[] = []
  const running = new Map<number, Job>()
  const leaving = new Set<Promise<string>>()
  let child: Child | undefined
  let childReady = false
  let startedAt = 0
  let replaced = 0
  /** Processes that take no more calls and still work on some. */
  const finishing = new Set<Child>()
  let lastId = 0
  let failedStarts = 0
  let idleTimer: NodeJS.Timeout | undefined
  let closed = false

  function run(call: Call, { signal, timeoutMs }: TableCallOptions & { timeoutMs: number }): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(tablesErrors.CANCELLED('the table engine is closed'))
      if (signal?.aborted) return reject(tablesErrors.CANCELLED('it was aborted by its caller'))
      if (waiting.length >= options.maxWaiting) return reject(tablesErrors.BUSY(waiting.length))
      const abort = () => stop(job, tablesErrors.CANCELLED('it was aborted by its caller'))
      const job: Job = {
        id: ++lastId,
        call,
        resolve,
        reject,
        timers: [setTimeout(() => stop(job, tablesErrors.TIMEOUT(timeoutMs)), timeoutMs)],
        forget: () => signal?.removeEventListener('abort', abort),
      }
      signal?.addEventListener('abort', abort)
      waiting.push(job)
      pump()
    })
  }

  function pump(): void {
    while (running.size < options.slots) {
      const job = waiting.shift()
      if (!job) break
      const target = (job.child = child ??= start())
      running.set(job.id, job)
      target.send({ type: 'call', id: job.id, call: job.call })
    }
    const busy = running.size > 0
    child?.hold(busy)
    clearTimeout(idleTimer)
    if (!busy && child) idleTimer = setTimeout(retire, options.idleMs).unref()
  }

  function start(): Child {
    const started = startChild(options.settings, options, (message) => {
      if (started !== child && !finishing.has(started)) return
      if (message.type === 'ready') {
        childReady = true
        failedStarts = 0
      } else {
        finish(started, message)
      }
    })
    childReady = false
    startedAt = performance.now()
    const gone = started.exited.then((how) => {
      leaving.delete(gone)
      if (child === started) onCrash(started, how, childReady)
      else if (finishing.delete(started)) onCrash(started, how, true)
      return how
    })
    leaving.add(gone)
    return started
  }

  function onCrash(crashed: Child, how: string, wasReady: boolean): void {
    if (child === crashed) child = undefined
    const lost = [...running.values()].filter((job) => job.child === crashed)
    for (const job of lost) running.delete(job.id)
    if (wasReady) {
      for (const job of lost) settle(job, () => job.reject(job.stopping ?? tablesErrors.RESTARTED(how)))
    } else {
      failedStarts++
      waiting.unshift(...lost)
      if (failedStarts >= maxFailedStarts) {
        failedStarts = 0
        for (const job of waiting.splice(0)) settle(job, () => job.reject(tablesErrors.UNAVAILABLE(how)))
      }
    }
    if (!lost.some((job) => job.stopping)) options.onCrash(how)
    pump()
  }

  function finish(from: Child, message: Ended): void {
    const job = running.get(message.id)
    if (!job) return
    running.delete(message.id)
    settle(job, () => {
      if (message.type === 'done') job.resolve(message.result)
      else if (message.type === 'failed') job.reject(appErrorOf(message.error))
      else job.reject(job.stopping ?? tablesErrors.CANCELLED('it was interrupted'))
    })
    giveBackMemory(from, message.resident)
    pump()
  }

  /** Neither DuckDB nor the allocator gives back all that a large call needed, but the end of a process does. */
  function giveBackMemory(from: Child, resident: number): void {
    const old = performance.now() - startedAt >= (options.leastAgeMs ?? leastAgeMs)
    if (from === child && resident > options.mostResident && old) {
      child = undefined
      replaced += 1
      finishing.add(from)
    }
    if (finishing.has(from) && ![...running.values()].some((job) => job.child === from)) {
      finishing.delete(from)
      from.hold(false)
      from.end()
    }
  }

  function stop(job: Job, reason: AppError): void {
    if (job.stopping) return
    job.stopping = reason
    const place = waiting.indexOf(job)
    if (place >= 0) {
      waiting.splice(place, 1)
      settle(job, () => job.reject(reason))
    } else {
      const target = job.child
      target?.send({ type: 'cancel', id: job.id })
      job.timers.push(setTimeout(() => target?.kill(), graceMs))
    }
  }

  function settle(job: Job, answer: () => void): void {
    for (const timer of job.timers) clearTimeout(timer)
    job.forget()
    answer()
  }

  function retire(): void {
    const retired = child
    child = undefined
    retired?.end()
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(idleTimer)
    const left = [...waiting.splice(0), ...running.values()]
    running.clear()
    for (const job of left) settle(job, () => job.reject(tablesErrors.CANCELLED('the table engine is closed')))
    for (const one of finishing) {
      one.hold(true)
      one.end()
    }
    finishing.clear()
    child?.hold(true)
    retire()
    await Promise.all(leaving)
  }

  return { run, pid: () => (childReady ? child?.pid : undefined), replaced: () => replaced, close }
}

function appErrorOf({ name, args }: SentError): AppError {
  return (tablesErrors[name] as (...args: unknown[]) => AppError)(...args)
}
