import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { mkdir, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { CodeBoundary, Executor, ExecutorResult, ExecutorTask } from '../../kernel/ports/index.ts'
import { containedEnvironment, probeBoundary, readablePaths } from './boundary.ts'
import { type CodePolicy, refusalOf } from './code-policy.ts'
import { type ForkResult, type ForkServer, type Sandbox, startForkServer } from './fork-server.ts'
import { watchDisk } from './watch-disk.ts'

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

const graceSeconds = 5
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
  let tried: Promise<CodeBoundary> | undefined
  const boundary = (): Promise<CodeBoundary> => {
    tried ??= settings.python().then(probeBoundary)
    tried.catch(() => {
      // Somebody may install Python while we run.
      tried = undefined
    })
    return tried
  }
  const contained = policy.codeExecution === 'contained'

  const start = (task: ExecutorTask, preload: Iterable<string>): Warm => {
    const loaded = new Set(preload)
    let slot = 0
    while (slots.has(slot)) slot += 1
    slots.add(slot)
    const reads = readablePaths(task.environment.python, env, settings.data, settings.reads)
    const server = startWarm(settings, task, { preload: [...loaded], reads, ...(contained ? { identity: firstIdentity + slot } : {}) })
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

async function runTask(
  server: ForkServer,
  id: string,
  task: ExecutorTask,
  { env, contained, reads }: { env: Readonly<Record<string, string>>; contained: boolean; reads: readonly string[] },
): Promise<ExecutorResult> {
  const { place, limits, environment } = task
  const folders = { work: join(place, 'work'), out: join(place, 'out'), home: join(place, 'home') }
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })))
  const base = contained ? { ...containedEnvironment(env, task.network), ...placesIn(folders.home) } : env
  let stopped: 'cancelled' | 'timed-out' | 'disk' | undefined
  const stop = (why: NonNullable<typeof stopped>): void => {
    stopped ??= why
    server.cancel(id, graceSeconds)
  }
  const onAbort = (): void => stop('cancelled')
  task.signal.addEventListener('abort', onAbort, { once: true })
  const timer = task.timeoutMs === undefined ? undefined : setTimeout(() => stop('timed-out'), task.timeoutMs)
  const unwatch =
    limits.diskBytes === undefined
      ? () => {}
      : watchDisk(Object.values(folders), limits.diskBytes, () => stop('disk'))
  try {
    const result = await server.run({
      id,
      workdir: folders.work,
      path: [task.code],
      env: withInterpreter(
        { ...base, ...processorsOf(limits.cpus), ...task.env },
        environment.python,
      ),
      entry:
        task.entry.kind === 'python'
          ? { target: task.entry.target, arguments: task.entry.arguments }
          : { argv: task.entry.argv },
      limits: {
        ...(limits.diskBytes === undefined ? {} : { fileBytes: limits.diskBytes }),
        ...(limits.memoryBytes === undefined ? {} : { memoryBytes: limits.memoryBytes }),
        ...(limits.processes === undefined ? {} : { processes: limits.processes }),
        ...(limits.cpus === undefined ? {} : { cpus: limits.cpus }),
      },
      confine: {
        read: [...reads, task.code, join(place, 'in')],
        write: Object.values(folders),
      },
      onLine: (text, stream) => task.onLine(text, stream),
    })
    return resultOf(result, stopped)
  } finally {
    unwatch()
    clearTimeout(timer)
    task.signal.removeEventListener('abort', onAbort)
  }
}

function resultOf(
  result: ForkResult,
  stopped: 'cancelled' | 'timed-out' | 'disk' | undefined,
): ExecutorResult {
  const base = { exitCode: result.exitCode, enteredAt: result.enteredAt }
  if (stopped === 'cancelled') return { ...base, outcome: stopped }
  if (stopped === 'timed-out') return { ...base, outcome: stopped, limit: 'time' }
  if (stopped === undefined && result.exitCode === 0 && !result.error)
    return { ...base, outcome: 'succeeded', returned: result.returned }
  const limit = stopped ?? result.limit
  const why = result.error
    ? result.error.traceback || `${result.error.type}: ${result.error.message}`
    : result.signal !== null
      ? `The process was ended by signal ${result.signal}${result.signal === 9 ? ' (often: out of memory)' : ''}.`
      : `The process ended with exit code ${result.exitCode}.`
  return { ...base, outcome: 'failed', error: why, ...(limit === null ? {} : { limit }) }
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

/** What programs take for somebody's home, and for the folder of temporary files. */
function placesIn(home: string): Record<string, string> {
  return { HOME: home, TMPDIR: home, JOBLIB_TEMP_FOLDER: home, USER: 'trivium', LOGNAME: 'trivium' }
}

function processorsOf(cpus: number | undefined): Record<string, string> {
  if (cpus === undefined) return {}
  const names = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'LOKY_MAX_CPU_COUNT', 'RAYON_NUM_THREADS']
  return Object.fromEntries(names.map((name) => [name, String(cpus)]))
}

/** With the programs of the environment first on the path, and without what would lead Python elsewhere. */
function withInterpreter(env: Readonly<Record<string, string>>, python: string): Record<string, string> {
  return { ...env, PATH: [dirname(python), env['PATH'] ?? ''].filter((part) => part !== '').join(delimiter) }
}
