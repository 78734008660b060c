import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Where the Python side lies: beside the packages. */
export const pythonRoot = join(import.meta.dirname, '../../../../../python')

export interface ForkTask {
  readonly id: string
  readonly workdir: string
  /** `module:function`, called with `arguments` as keywords; modules are looked up in the working directory first. */
  readonly entry:
    | { readonly target: string; readonly arguments: Readonly<Record<string, unknown>> }
    | { readonly argv: readonly string[] }
  /** The whole environment of the step: nothing of the server's own is passed on. */
  readonly env: Readonly<Record<string, string>>
  readonly path?: readonly string[]
  readonly limits?: { readonly fileBytes?: number; readonly memoryBytes?: number; readonly cpuSeconds?: number }
  onLine(text: string, stream: 'stdout' | 'stderr'): void
  onEntered?(at: number): void
}

export interface ForkResult {
  readonly exitCode: number | null
  readonly signal: number | null
  /** When user code began, milliseconds UTC; null when it did not. */
  readonly enteredAt: number | null
  readonly error: { readonly type: string; readonly message: string; readonly traceback: string } | null
  readonly returned: unknown
}

/** A warm Python process that forks a child for each step. */
export interface ForkServer {
  readonly python: string
  readonly pid: number
  /** Resolves when the step's process group has ended and its output was read. Rejects when the server itself dies. */
  run(task: ForkTask): Promise<ForkResult>
  /** SIGTERM to the step's process group, SIGKILL after the grace. */
  cancel(id: string, graceSeconds: number): void
  readonly running: number
  close(): void
}

interface Running {
  task: ForkTask
  enteredAt: number | null
  resolve(result: ForkResult): void
  reject(error: Error): void
}

type Event =
  | { event: 'ready'; python: string; preloaded: string[]; missing: { module: string; reason: string }[] }
  | { event: 'entered'; id: string; at: number }
  | { event: 'line'; id: string; stream: 'stdout' | 'stderr'; text: string }
  | {
      event: 'done'
      id: string
      exit: number | null
      signal: number | null
      error: ForkResult['error']
      returned: unknown
    }

/** Starts a fork server with the given interpreter and waits until its modules are loaded. A module that cannot be imported is not an error: the step that needs it says so. */
export async function startForkServer({
  python,
  preload,
  env,
}: {
  python: string
  preload: readonly string[]
  env: Readonly<Record<string, string>>
}): Promise<ForkServer> {
  const child: ChildProcessWithoutNullStreams = spawn(
    python,
    ['-u', '-m', 'trivium_runner.fork_server', preload.join(',')],
    {
      cwd: pythonRoot,
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  const running = new Map<string, Running>()
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })
  const ended = new Promise<never>((_resolve, reject) => {
    child.on('error', (error) => reject(new Error(`Python could not be started (${python}): ${error.message}`)))
    child.on('exit', (code, signal) =>
      reject(
        new Error(
          `The Python fork server ended (${signal ?? `code ${code}`}). ${said.trim().split('\n').at(-1) ?? ''}`.trim(),
        ),
      ),
    )
  })
  ended.catch((error: Error) => {
    for (const one of running.values()) one.reject(error)
    running.clear()
  })
  // A write to a server that has just died is reported by its exit.
  child.stdin.on('error', () => {})
  const send = (request: unknown): void => void child.stdin.write(`${JSON.stringify(request)}\n`)

  const onEvent = (message: Event): void => {
    if (message.event === 'ready') return
    const one = running.get(message.id)
    if (!one) return
    if (message.event === 'line') one.task.onLine(message.text, message.stream)
    else if (message.event === 'entered') {
      one.enteredAt = message.at
      one.task.onEntered?.(message.at)
    } else {
      running.delete(message.id)
      one.resolve({
        exitCode: message.exit,
        signal: message.signal,
        enteredAt: one.enteredAt,
        error: message.error,
        returned: message.returned,
      })
    }
  }
  const ready = once(lines, 'line')
  lines.on('line', (line: string) => onEvent(JSON.parse(line) as Event))
  await Promise.race([ready, ended])

  return {
    python,
    pid: child.pid ?? -1,
    get running() {
      return running.size
    },
    run: (task) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error('The Python fork server has ended.'))
          return
        }
        running.set(task.id, { task, enteredAt: null, resolve, reject })
        const { id, workdir, entry, env: stepEnv, path, limits } = task
        send({ op: 'run', id, workdir, env: stepEnv, path, limits, ...entry })
      }),
    cancel: (id, graceSeconds) => send({ op: 'cancel', id, graceSeconds }),
    close: () => {
      child.stdin.end()
    },
  }
}
