import { mkdir } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { ExecutorResult, ExecutorTask } from '../../kernel/ports/index.ts'
import { containedEnvironment } from './boundary.ts'
import type { ForkResult, ForkServer } from './fork-server.ts'
import { watchDisk } from './watch-disk.ts'

const graceSeconds = 5

/** Runs one task on a fork server, within its limits and its time. */
export async function runTask(
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
    limits.diskBytes === undefined ? () => {} : watchDisk(Object.values(folders), limits.diskBytes, () => stop('disk'))
  try {
    const result = await server.run({
      id,
      workdir: folders.work,
      path: [task.code],
      env: withInterpreter({ ...base, ...processorsOf(limits.cpus), ...task.env }, environment.python),
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

function resultOf(result: ForkResult, stopped: 'cancelled' | 'timed-out' | 'disk' | undefined): ExecutorResult {
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

/** What programs take for somebody's home, and for the folder of temporary files. */
export function placesIn(home: string): Record<string, string> {
  return { HOME: home, TMPDIR: home, JOBLIB_TEMP_FOLDER: home, USER: 'trivium', LOGNAME: 'trivium' }
}

function processorsOf(cpus: number | undefined): Record<string, string> {
  if (cpus === undefined) return {}
  const names = [
    'OMP_NUM_THREADS',
    'OPENBLAS_NUM_THREADS',
    'MKL_NUM_THREADS',
    'LOKY_MAX_CPU_COUNT',
    'RAYON_NUM_THREADS',
  ]
  return Object.fromEntries(names.map((name) => [name, String(cpus)]))
}

/** With the programs of the environment first on the path, and without what would lead Python elsewhere. */
export function withInterpreter(env: Readonly<Record<string, string>>, python: string): Record<string, string> {
  return { ...env, PATH: [dirname(python), env['PATH'] ?? ''].filter((part) => part !== '').join(delimiter) }
}
