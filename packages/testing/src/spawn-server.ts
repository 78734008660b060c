import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../../cli/bin/trivium')

/** Set where the kernel of this machine cannot contain code of steps. */
export const uncontainedVariable = 'TEST_CODE_UNCONTAINED'

/** A server in a process of its own, started as people start it: `trivium up --json`. */
export interface ServerProcess {
  readonly pid: number
  readonly url: string
  readonly loginUrl: string
  /** The administrator's token. */
  readonly token: string
  /** What it has written to standard error so far. */
  errors(): string
  /** Ends it and resolves when it is gone. SIGTERM drains. */
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<{ code: number | null; signal: string | null }>
  readonly exited: Promise<{ code: number | null; signal: string | null }>
}

/** A server that ended before it answered. */
export class ServerDidNotStart extends Error {
  readonly code: number | null
  readonly stderr: string

  constructor(code: number | null, stderr: string) {
    super(`The server ended with ${code} before it answered: ${stderr}`)
    this.name = 'ServerDidNotStart'
    this.code = code
    this.stderr = stderr
  }
}

/** Starts `trivium up` on a data directory and waits until it answers. Settings go by the environment; the port is free unless `flags` say otherwise. */
export async function spawnServer(options: {
  data: string
  settings?: Record<string, string>
  flags?: readonly string[]
  /** Another version of the command. */
  program?: string
}): Promise<ServerProcess> {
  const flags = options.flags ?? ['--port', '0']
  const child = spawn(options.program ?? program, ['up', '--json', '--data', options.data, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutSettings(process.env),
      ...(process.env[uncontainedVariable] ? { TRIVIUM_CODE_EXECUTION: 'uncontained' } : {}),
      ...options.settings,
    },
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const line = await Promise.race([
    readyLine(child),
    exited.then(({ code }) => {
      throw new ServerDidNotStart(code, stderr)
    }),
  ])
  const { url, loginUrl } = JSON.parse(line) as { url: string; loginUrl: string }
  return {
    pid: child.pid ?? 0,
    url,
    loginUrl,
    token: options.settings?.['TRIVIUM_ADMIN_TOKEN'] ?? keptToken(options.data),
    errors: () => stderr,
    exited,
    kill: (signal) => {
      child.kill(signal)
      return exited
    },
  }
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
  })
}

function keptToken(data: string): string {
  const path = join(data, 'admin-token')
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

/** The environment of the test run without settings that would change the server. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TRIVIUM_')))
}
