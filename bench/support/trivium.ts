import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onExit } from './on-exit.ts'
import { type ServerProcess, spawnServer } from '@trivium/testing'

const program = join(import.meta.dirname, '../../packages/cli/bin/trivium')

export interface Trivium extends ServerProcess {
  readonly data: string
  /** Milliseconds from its start to the line that says that it answers. */
  readonly startedIn: number
  /** For the CLI and for MLflow's clients. */
  readonly env: Record<string, string>
  cli(...args: string[]): Promise<string>
  stop(): Promise<void>
}

/** `trivium up` with all roles on a data directory of its own, as it is started by people. */
export async function startTrivium(
  flags: readonly string[] = [],
  settings: Record<string, string> = {},
): Promise<Trivium> {
  const data = await mkdtemp(join(tmpdir(), 'trivium-bench-'))
  const began = performance.now()
  const server = await spawnServer({ data, settings, flags: ['--port', '0', '--inference-port', '0', ...flags] })
  const startedIn = performance.now() - began
  const forget = onExit(() => {
    process.kill(server.pid, 'SIGTERM')
    rmSync(data, { recursive: true, force: true })
  })
  const env = {
    TRIVIUM_URL: server.url,
    TRIVIUM_TOKEN: server.token,
    MLFLOW_TRACKING_URI: server.url,
    MLFLOW_TRACKING_TOKEN: server.token,
  }
  return {
    ...server,
    data,
    startedIn,
    env,
    cli: async (...args) => {
      const { stdout } = await promisify(execFile)(program, args, {
        env: { ...process.env, ...env },
        maxBuffer: 64 * 1024 * 1024,
      })
      return stdout
    },
    stop: async () => {
      forget()
      await server.kill('SIGTERM')
      await rm(data, { recursive: true, force: true })
    },
  }
}
