import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Client, createClient } from '@trivium/sdk'
import { UsageError } from './fail.ts'
import type { Terminal } from './terminal.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json: boolean
  readonly project?: string
  readonly data?: string
}

/** A server, how to reach it, and the project to work in. */
export interface Connection {
  readonly url: string
  readonly token: string | undefined
  readonly project: string
  readonly client: Client
}

/** The data directory on this machine: --data, TRIVIUM_DATA, or `.trivium` in the home folder. */
export function dataDirectory(
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
  options: Pick<GlobalOptions, 'data'>,
): string {
  return resolve(cwd, options.data ?? env['TRIVIUM_DATA'] ?? join(homedir(), '.trivium'))
}

/** What a running server wrote into its data directory; undefined when there is none, or when it has gone without a word. */
function runningServer(directory: string): { url: string; pid: number } | undefined {
  try {
    const found = JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')) as { url: string; pid: number }
    return lives(found.pid) ? found : undefined
  } catch {
    return undefined
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process of somebody else may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Finds the server (TRIVIUM_URL, else the one that runs on the data directory, else port 4000 of this machine) and the token (TRIVIUM_TOKEN, else the
 * administrator's in the data directory, which goes to no server but the one on this machine).
 */
export function connect(terminal: Terminal, options: GlobalOptions): Connection {
  const { env } = terminal
  const directory = dataDirectory(terminal, options)
  const local = runningServer(directory)?.url ?? 'http://127.0.0.1:4000'
  const url = (env['TRIVIUM_URL'] ?? local).replace(/\/+$/, '')
  if (!/^https?:\/\/[^/]+$/.test(url))
    throw new UsageError(`TRIVIUM_URL must be http://HOST:PORT without a path; it is "${url}".`)
  const token = env['TRIVIUM_TOKEN'] ?? (url === local ? tokenIn(directory) : undefined)
  return {
    url,
    token,
    project: options.project ?? env['TRIVIUM_PROJECT'] ?? 'default',
    client: createClient({ baseUrl: url, ...(token === undefined ? {} : { token }) }),
  }
}

function tokenIn(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'admin-token'), 'utf8').trim()
  } catch {
    return undefined
  }
}
