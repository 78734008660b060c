import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The server of the demo, started as a user starts it: `trivium up`. */
export interface ServerProcess {
  readonly url: string
  readonly inferenceUrl: string
  readonly loginUrl: string
  /** SIGTERM, then waits until it has drained. */
  stop(): Promise<void>
  readonly ended: Promise<void>
}

const trivium = join(import.meta.dirname, '../../packages/cli/bin/trivium')

export async function startServerProcess({
  data,
  port,
  prebuilt,
}: {
  data: string
  port: number
  /** The Python environment that the set-up made from this lock file: the server takes it instead of building its own. */
  prebuilt: { readonly lock: string; readonly python: string }
}): Promise<ServerProcess> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const digest = createHash('sha256').update(readFileSync(prebuilt.lock)).digest('hex')
  writeFileSync(join(data, 'environments.json'), JSON.stringify({ [digest]: prebuilt.python }))
  const child: ChildProcess = spawn(trivium, [...up(data, port), ...(await uncontainedWords(prebuilt.python))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches the demo only; it stops the server itself.
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ready = new Promise<{ url: string; loginUrl: string; inferenceUrl: string }>((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const message = JSON.parse(line) as { event: string; url: string; loginUrl: string; inferenceUrl: string }
        if (message.event === 'ready') resolve(message)
      })
    }
    child.once('exit', (code) =>
      reject(new Error(`The server ended with code ${code} before it was ready; its own words are above.`)),
    )
    child.once('error', reject)
  })
  const { url, inferenceUrl, loginUrl } = await ready
  return {
    url,
    inferenceUrl,
    loginUrl,
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

const up = (data: string, port: number): string[] => ['up', '--json', '--data', data, '--port', String(port)]

/** The demo is one person's own; on a machine whose kernel has no sandbox its steps run without one. The server says so in its log. */
async function uncontainedWords(python: string): Promise<string[]> {
  const { probeBoundary } = await import('@trivium/server')
  const { contained } = await probeBoundary(python)
  return contained ? [] : ['--code-execution', 'uncontained']
}
