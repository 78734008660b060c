import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../run.ts'

const program = join(import.meta.dirname, '../main.ts')

/** How a command ended and what it wrote. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
  // biome-ignore lint: tests look into answers of every shape
  readonly json: any
}

const ended = (code: number, out: string, err: string): Ended => ({
  code,
  out,
  err,
  get json() {
    return JSON.parse(out)
  },
})

/** Starts the program in a process of its own, as a shell would. */
export function spawnTrivium(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--conditions=trivium-source', program, ...args], {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { out: '', err: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    texts.out += chunk.toString('utf8')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    texts.err += chunk.toString('utf8')
  })
  return { child, ended: once(child, 'close').then(([code]) => ended(code as number, texts.out, texts.err)) }
}

/** A server in a process of its own on a data directory that goes away with it. */
export interface StartedServer {
  readonly data: string
  readonly ready: { event: string; url: string; loginUrl: string; inferenceUrl: string }
  readonly child: ChildProcess
  /** Runs a command against it in this process. */
  trivium(
    args: readonly string[],
    options?: {
      env?: Record<string, string>
      cwd?: string
      signal?: AbortSignal
      onOut?: (text: string) => void
      /** Standard input. */
      input?: string
    },
  ): Promise<Ended>
  stop(): Promise<Ended>
}

export async function startServer(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<StartedServer> {
  const data = await mkdtemp(join(tmpdir(), 'trivium-cli-'))
  const { child, ended: end } = spawnTrivium(['up', '--data', data, '--port', '0', '--json', ...args], env)
  const first = await Promise.race([once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data'), end])
  if (!Array.isArray(first)) throw new Error(`The server did not start: ${first.err}`)
  return {
    data,
    ready: JSON.parse(String(first[0])) as StartedServer['ready'],
    child,
    trivium: async (command, options = {}) => {
      const texts = { out: '', err: '' }
      const code = await run(
        {
          env: { TRIVIUM_DATA: data, ...options.env },
          cwd: options.cwd ?? data,
          interactive: false,
          secret: async () => options.input ?? '',
          input: async () => Buffer.from(options.input ?? ''),
          out: (written) => {
            const text = typeof written === 'string' ? written : Buffer.from(written).toString('utf8')
            texts.out += text
            options.onOut?.(text)
          },
          err: (text) => {
            texts.err += text
          },
          signal: options.signal ?? new AbortController().signal,
        },
        command,
      )
      return ended(code, texts.out, texts.err)
    },
    stop: async () => {
      child.kill('SIGTERM')
      const last = await end
      await rm(data, { recursive: true, force: true })
      return last
    },
  }
}
