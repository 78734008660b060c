import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { onExit } from './on-exit.ts'

/** The interpreter of a peer's environment; undefined where it could not be installed. */
export function interpreterOf(peer: string): string | undefined {
  return (JSON.parse(process.env['BENCH_PEERS'] ?? '{}') as Record<string, string>)[peer]
}

/** The project's own Python. */
export function projectPython(): string {
  const python = process.env['BENCH_PYTHON']
  if (!python) throw new Error('Start benchmarks with: npm run bench -- NAME')
  return python
}

export interface Running {
  readonly url: string
  readonly pid: number
  /** Milliseconds from its start to the first answer. */
  readonly startedIn: number
  stop(): Promise<void>
}

/** Starts a server in a process group of its own and waits until `path` answers 200. */
export async function startServer(options: {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  readonly path: string
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly patience?: number
}): Promise<Running> {
  const { command, args, port, path, cwd, env = {}, patience = 180_000 } = options
  const began = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const forget = onExit(() => signalGroup(child, 'SIGKILL'))
  child.once('exit', forget)
  let words = ''
  const listen = (chunk: unknown): void => {
    words = (words + String(chunk)).slice(-4000)
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const url = `http://127.0.0.1:${port}`
  while (!(await answers(`${url}${path}`))) {
    if (child.exitCode !== null || performance.now() - began > patience) {
      await stopGroup(child)
      throw new Error(`${command} ${args.join(' ')} did not answer at ${path}:\n${words}`)
    }
    await sleep(20)
  }
  return { url, pid: child.pid ?? 0, startedIn: performance.now() - began, stop: () => stopGroup(child) }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** Ends a detached child and everything in its process group. */
async function stopGroup(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  signalGroup(child, 'SIGTERM')
  await Promise.race([gone, sleep(10_000)])
  signalGroup(child, 'SIGKILL')
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name)
  } catch {
    // Gone already.
  }
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
