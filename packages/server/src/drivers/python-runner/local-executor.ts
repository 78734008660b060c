import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Executor, ExecutorResult, ExecutorTask } from '../../kernel/ports/index.ts'
import { containedEnvironment, readablePaths, rememberedBoundary } from './boundary.ts'
import { type CodePolicy, refusalOf } from './code-policy.ts'
import { endLeftOver } from './end-left-over.ts'
import { type ForkServer, type Sandbox, startForkServer } from './fork-server.ts'
import { placesIn, runTask, withInterpreter } from './run-task.ts'

export interface LocalExecutorSettings {
  readonly env: Readonly<Record<string, string>>
  /** An interpreter that users' packages were not installed into: it stays outside of the sandbox. */
  readonly python: () => Promise<string>
  readonly policy: CodePolicy
  /** The server's data directory: what lies in it is never opened as a whole. */
  readonly data: string
  /** More paths that steps may read. */
  readonly reads: readonly string[]
}

/** A fork server with what it has loaded. */
interface Warm {
  readonly server: Promise<ForkServer>
  readonly loaded: ReadonlySet<string>
  /** What its steps may read beside what is theirs. */
  readonly reads: readonly string[]
  /** Tasks that it runs or is about to run. */
  tasks: number
  retired: boolean
  lastUsed: number
}

const idleMs = 600_000
const mostServers = 4
/** Users that the steps of one fork server each become, where this server is root: a range that no system gives to accounts. */
const firstIdentity = 64_600
const mostProcesses = 512

/**
 * Runs steps on this machine, each in a child forked from a warm Python process. There is one such process for each project, environment and reach of the
 * network; it loads the modules that steps import before it forks, inside of the sandbox. The children end with this process, however it ends.
 */
export function createLocalExecutor(settings: LocalExecutorSettings): Executor {
  const { env, policy } = settings
  const warm = new Map<string, Warm>()
  const slots = new Set<number>()
  let closed = false
  const boundary = rememberedBoundary(settings.python)
  const contained = policy.codeExecution === 'contained'

  const start = (task: ExecutorTask, preload: Iterable<string>): Warm => {
    const loaded = new Set(preload)
    let slot = 0
    while (slots.has(slot)) slot += 1
    slots.add(slot)
    const reads = readablePaths(task.environment.python, env, settings.data, settings.reads)
    const server = startWarm(settings, task, {
      preload: [...loaded],
      reads,
      ...(contained ? { identity: firstIdentity + slot } : {}),
    })
    const free = (): void => void slots.delete(slot)
    server.then((one) => void one.ended.then(free), free)
    return { server, loaded, reads, tasks: 0, retired: false, lastUsed: Date.now() }
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
    const key = `${task.project}\n${task.environment.python}\n${contained && task.network ? 'network' : ''}`
    const known = warm.get(key)
    if (!known) {
      const oldest = [...warm.entries()]
        .filter(([, one]) => one.tasks === 0)
        .toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed)[0]
      if (warm.size >= mostServers && oldest) {
        warm.delete(oldest[0])
        retire(oldest[1])
      }
      const one = start(task, task.preload)
      warm.set(key, one)
      return { key, one }
    }
    if (task.preload.some((module) => !known.loaded.has(module))) {
      const better = start(task, [...known.loaded, ...task.preload])
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
      return await runTask(server, attemptId, task, { env, contained, reads: one.reads })
    } catch (error) {
      // The server itself has gone; the next task gets a new one.
      if (warm.get(key) === one) warm.delete(key)
      endLeftOver(task.place)
      return { outcome: 'lost', exitCode: null, enteredAt: null, error: (error as Error).message }
    } finally {
      one.tasks -= 1
      if (one.retired) retire(one)
    }
  }

  return {
    submit,
    boundary,
    refusal: () => refusalOf(policy, boundary),
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

/** A fork server; with an identity inside of the sandbox. */
async function startWarm(
  { env, python }: LocalExecutorSettings,
  task: ExecutorTask,
  { preload, reads, identity }: { preload: readonly string[]; reads: readonly string[]; identity?: number },
): Promise<ForkServer> {
  const interpreter = task.environment.python
  if (identity === undefined)
    return startForkServer({ python: interpreter, preload, env: withInterpreter(env, interpreter) })
  // Libraries keep files of their own where they are loaded.
  const home = join(dirname(task.place), `warm-${randomUUID()}`)
  await mkdir(home, { recursive: true })
  const leave = (): void => void rm(home, { recursive: true, force: true }).catch(() => {})
  try {
    const server = await startForkServer({
      python: interpreter,
      preload,
      env: withInterpreter({ ...containedEnvironment(env, task.network), ...placesIn(home) }, interpreter),
      sandbox: {
        python: await python(),
        read: [...reads, dirname(task.code)],
        write: [dirname(task.place)],
        network: task.network,
        link: await linkOf(task.serverUrl),
        identity,
        processes: mostProcesses,
      },
    })
    void server.ended.then(leave)
    return server
  } catch (error) {
    leave()
    throw error
  }
}

/** The address behind a URL, and what its name stands for: inside of the sandbox nobody can ask. */
async function linkOf(url: string): Promise<Sandbox['link']> {
  if (url === '') return null
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const addresses = await lookup(host, { all: true }).catch(() => [])
  return {
    host,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    addresses: addresses.map(({ address }) => address),
  }
}
