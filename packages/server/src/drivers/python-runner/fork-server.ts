import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { isolated } from './boundary.ts'
import { pythonRoot } from './python-root.ts'

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
  readonly limits?: ForkLimits
  /** What of the server's sandbox the step itself keeps. */
  readonly confine?: { readonly read: readonly string[]; readonly write: readonly string[] }
  onLine(text: string, stream: 'stdout' | 'stderr'): void
  onEntered?(at: number): void
}

/** What the processes of one step may use together. */
export interface ForkLimits {
  /** One file; a folder is watched from outside. */
  readonly fileBytes?: number
  readonly memoryBytes?: number
  readonly processes?: number
  /** Processors that it runs on. */
  readonly cpus?: number
}

/** The boundary around a fork server and all of its steps. */
export interface Sandbox {
  /** The interpreter that stays outside as broker: not one that users' packages were installed into. */
  readonly python: string
  readonly read: readonly string[]
  readonly write: readonly string[]
  readonly network: boolean
  /** This server, the one address that is reached without the network. */
  readonly link: { readonly host: string; readonly port: number; readonly addresses: readonly string[] } | null
  /** The user to become where that is possible. */
  readonly identity: number | null
  readonly processes: number
  /** For tests: an older version of Landlock, and layers that are left out so that an attack gets through. */
  readonly abi?: number
  readonly without?: readonly ('filesystem' | 'calls' | 'step-files' | 'step-calls')[]
}

export interface ForkResult {
  readonly exitCode: number | null
  readonly signal: number | null
  /** When user code began, milliseconds UTC; null when it did not. */
  readonly enteredAt: number | null
  readonly error: { readonly type: string; readonly message: string; readonly traceback: string } | null
  readonly returned: unknown
  /** The limit that it was ended for, or that its end points to. */
  readonly limit: 'memory' | 'processes' | 'disk' | null
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
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
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
      limit: ForkResult['limit']
    }

/** What one line from Python may hold; more is no message of ours. */
const longestLine = 512 * 2 ** 20

/** Starts a fork server with the given interpreter and waits until its modules are loaded. A module that cannot be imported is not an error: the step that needs it says so. */
export async function startForkServer({
  python,
  preload,
  env,
  sandbox,
}: {
  python: string
  preload: readonly string[]
  env: Readonly<Record<string, string>>
  /** Nothing keeps the steps in where it is left out. */
  sandbox?: Sandbox
}): Promise<ForkServer> {
  const args = ['-u', '-m', 'trivium_runner.fork_server', preload.join(',')]
  const child: ChildProcessWithoutNullStreams = spawn(
    sandbox ? sandbox.python : python,
    sandbox ? [...isolated('main'), JSON.stringify({ ...sandbox, argv: [python, ...args] })] : args,
    { cwd: pythonRoot, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] },
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
        limit: message.limit,
      })
    }
  }
  const ready = once(lines, 'line')
  let unended = 0
  child.stdout.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(10)
    unended = end === -1 ? unended + chunk.length : chunk.length - end
    if (unended > longestLine) child.kill('SIGKILL')
  })
  lines.on('line', (line: string) => {
    try {
      onEvent(JSON.parse(line) as Event)
    } catch {
      // Packages of users are loaded in that process: whatever does not speak as we do is ended.
      child.kill('SIGKILL')
    }
  })
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
        const confine = sandbox && task.confine && { ...narrowed(sandbox), ...task.confine }
        send({ op: 'run', id, workdir, env: stepEnv, path, limits, confine, ...entry })
      }),
    ended: ended.catch(() => {}),
    cancel: (id, graceSeconds) => send({ op: 'cancel', id, graceSeconds }),
    close: () => {
      child.stdin.end()
    },
  }
}

const narrowed = ({ network, link, abi, without }: Sandbox) => ({
  network,
  link,
  abi: abi ?? null,
  without: without ?? [],
})
