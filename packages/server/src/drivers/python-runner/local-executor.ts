import { delimiter, dirname } from 'node:path'
import type { Executor, ExecutorResult, ExecutorTask } from '../../kernel/ports/index.ts'
import { type ForkResult, type ForkServer, startForkServer } from './fork-server.ts'

/** A fork server with what it has loaded. */
interface Warm {
  readonly server: Promise<ForkServer>
  readonly loaded: ReadonlySet<string>
  /** Tasks that it runs or is about to run. */
  tasks: number
  retired: boolean
  lastUsed: number
}

const graceSeconds = 5
const idleMs = 600_000
const mostServers = 4

/**
 * Runs steps on this machine, each in a child forked from a warm Python process. There is one such process for each project and environment; it loads the
 * modules that steps import before it forks. The children end with this process, however it ends.
 */
export function createLocalExecutor({ env }: { env: Readonly<Record<string, string>> }): Executor {
  const warm = new Map<string, Warm>()
  let closed = false

  const start = (python: string, preload: Iterable<string>): Warm => {
    const loaded = new Set(preload)
    const server = startForkServer({ python, preload: [...loaded], env: withInterpreter(env, python) })
    // Whoever waits for it gets the reason.
    server.catch(() => {})
    return { server, loaded, tasks: 0, retired: false, lastUsed: Date.now() }
  }
  const retire = (one: Warm): void => {
    one.retired = true
    if (one.tasks === 0)
      void one.server.then(
        (server) => server.close(),
        () => {},
      )
  }
  const idle = setInterval(() => {
    for (const [key, one] of warm) {
      if (one.tasks > 0 || Date.now() - one.lastUsed < idleMs) continue
      warm.delete(key)
      retire(one)
    }
  }, 30_000)
  idle.unref()

  /** The server for a task: at once the one that is there, and behind its back a better one when the task needs more modules. */
  const serverFor = (task: ExecutorTask): { key: string; one: Warm } => {
    const { python } = task.environment
    const key = `${task.project}\n${python}`
    const known = warm.get(key)
    if (!known) {
      const oldest = [...warm.entries()]
        .filter(([, one]) => one.tasks === 0)
        .toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed)[0]
      if (warm.size >= mostServers && oldest) {
        warm.delete(oldest[0])
        retire(oldest[1])
      }
      const one = start(python, task.preload)
      warm.set(key, one)
      return { key, one }
    }
    if (task.preload.some((module) => !known.loaded.has(module))) {
      const better = start(python, [...known.loaded, ...task.preload])
      void better.server.then(
        (server) => {
          if (closed || warm.get(key) !== known) server.close()
          else {
            warm.set(key, better)
            retire(known)
          }
        },
        () => {},
      )
    }
    return { key, one: known }
  }

  const submit = async (attemptId: string, task: ExecutorTask): Promise<ExecutorResult> => {
    const { key, one } = serverFor(task)
    one.tasks += 1
    one.lastUsed = Date.now()
    try {
      const server = await one.server
      if (task.signal.aborted) return { outcome: 'cancelled', exitCode: null, enteredAt: null }
      let stopped: 'cancelled' | 'timed-out' | undefined
      const stop = (why: 'cancelled' | 'timed-out'): void => {
        stopped ??= why
        server.cancel(attemptId, graceSeconds)
      }
      const onAbort = (): void => stop('cancelled')
      task.signal.addEventListener('abort', onAbort, { once: true })
      const timer = task.timeoutMs === undefined ? undefined : setTimeout(() => stop('timed-out'), task.timeoutMs)
      try {
        const result = await server.run({
          id: attemptId,
          workdir: task.workdir,
          path: [task.code],
          env: withInterpreter({ ...env, ...task.env }, task.environment.python),
          entry:
            task.entry.kind === 'python'
              ? { target: task.entry.target, arguments: task.entry.arguments }
              : { argv: task.entry.argv },
          onLine: (text, stream) => task.onLine(text, stream),
        })
        return resultOf(result, stopped)
      } finally {
        clearTimeout(timer)
        task.signal.removeEventListener('abort', onAbort)
      }
    } catch (error) {
      // The server itself has gone; the next task gets a new one.
      if (warm.get(key) === one) warm.delete(key)
      return { outcome: 'lost', exitCode: null, enteredAt: null, error: (error as Error).message }
    } finally {
      one.tasks -= 1
      if (one.retired) retire(one)
    }
  }

  return {
    submit,
    close: async () => {
      closed = true
      clearInterval(idle)
      const servers = [...warm.values()]
      warm.clear()
      for (const one of servers)
        await one.server.then(
          (server) => server.close(),
          () => {},
        )
    },
  }
}

function resultOf(result: ForkResult, stopped: 'cancelled' | 'timed-out' | undefined): ExecutorResult {
  const base = { exitCode: result.exitCode, enteredAt: result.enteredAt }
  if (stopped) return { ...base, outcome: stopped }
  if (result.exitCode === 0 && !result.error) return { ...base, outcome: 'succeeded', returned: result.returned }
  const why = result.error
    ? result.error.traceback || `${result.error.type}: ${result.error.message}`
    : result.signal !== null
      ? `The process was ended by signal ${result.signal}${result.signal === 9 ? ' (often: out of memory)' : ''}.`
      : `The process ended with exit code ${result.exitCode}.`
  return { ...base, outcome: 'failed', error: why }
}

/** With the programs of the environment first on the path, and without what would lead Python elsewhere. */
function withInterpreter(env: Readonly<Record<string, string>>, python: string): Record<string, string> {
  return { ...env, PATH: [dirname(python), env['PATH'] ?? ''].filter((part) => part !== '').join(delimiter) }
}
