import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { watcher } from './start-s3.ts'

/** A running throw-away container registry (Distribution). */
export interface RegistryServer {
  readonly origin: string
  /** Where its files lie: blobs below `docker/registry/v2/blobs/sha256`. */
  readonly root: string
  stop(): Promise<void>
}

const startTimeoutMs = 30_000

/** The program, which is fetched first where it is not there; undefined, with a word on the console, on a machine that has no such package or cannot reach it. */
export function findRegistry(): string | undefined {
  const script = resolve(import.meta.dirname, '..', '..', '..', 'scripts', 'setup-registry.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  console.warn(`${stderr.trim()}\nTests with it are left out.`)
  return undefined
}

/** Starts a registry on a free port; `auth` is its section of that name (YAML, indented by two), and deletion may be off, as it is without a setting. */
export async function startRegistry(
  program: string,
  { auth = '', deletion = true }: { auth?: string; deletion?: boolean } = {},
): Promise<RegistryServer> {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-registry-'))
  const port = await freePort()
  const root = join(folder, 'data')
  const config = [
    'version: 0.1',
    'log:\n  level: warn',
    `storage:\n  filesystem:\n    rootdirectory: ${root}\n  delete:\n    enabled: ${deletion}`,
    ...(auth === '' ? [] : [`auth:\n${auth}`]),
    `http:\n  addr: 127.0.0.1:${port}`,
  ]
  const file = join(folder, 'config.yml')
  await writeFile(file, `${config.join('\n')}\n`)
  const logFile = join(folder, 'registry.log')
  const log = await open(logFile, 'w')
  const child = spawn('/bin/sh', ['-c', watcher, 'registry', folder, program, 'serve', file], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder },
    cwd: folder,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  })
  await log.close()
  const ended = new Promise<void>((done) => child.once('close', () => done()).once('error', () => done()))
  child.unref()
  const origin = `http://127.0.0.1:${port}`
  const deadline = Date.now() + startTimeoutMs
  while (
    !(await fetch(`${origin}/v2/`).then(
      (answer) => answer.text().then(() => true),
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const said = await readFile(logFile, 'utf8').catch(() => '')
      throw new Error(`The container registry did not start:\n${said.slice(-2000)}`)
    }
    await sleep(25)
  }
  return {
    origin,
    root,
    stop: async () => {
      child.ref()
      child.stdin?.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    }),
  )
}
