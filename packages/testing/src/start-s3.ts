import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where the test run's global setup hands out the shared S3 server; absent outside of `vitest`. */
export const s3BrokerVariable = 'TEST_S3_BROKER'

/** A running throw-away S3 server (SeaweedFS) and the bucket that tests make there. */
export interface S3Server {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The same server as a store of files that takes PUT, GET, HEAD and DELETE from everybody. */
  readonly files: string
  /** The same as a WebDAV server, which wants folders to be made. */
  readonly webdav: string
}

const startTimeoutMs = 60_000
// As with Postgres: when the pipe from this process closes, however, the shell ends the server and removes its data.
export const watcher = 'd=$1; shift; "$@" & p=$!; while read -r _; do :; done; kill -KILL $p; wait $p; rm -rf "$d"'

/** Starts an S3 server on free ports; installs it first where it is not there. It needs no root. */
export async function startS3(): Promise<S3Server & { stop(): Promise<void> }> {
  const program = install()
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'trivium-s3-'))
    try {
      return await launch(program, folder)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      // Between choosing free ports and listening on them another process may have taken one.
      if (attempt === 3) throw error
    }
  }
}

function install(): string {
  const script = resolve(import.meta.dirname, '..', '..', '..', 'scripts', 'setup-s3.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The S3 server that this test needs is not there.\n${stderr}`)
  return stdout.trim()
}

async function launch(program: string, folder: string): Promise<S3Server & { stop(): Promise<void> }> {
  const [s3 = 0, master, volume, filer, admin, webdav] = await freePorts(6)
  const secret = randomBytes(16).toString('hex')
  const flags = {
    dir: folder,
    ip: '127.0.0.1',
    'ip.bind': '127.0.0.1',
    's3.port': s3,
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    'master.port': master,
    'volume.port': volume,
    'filer.port': filer,
    'admin.port': admin,
    webdav: true,
    'webdav.port': webdav,
    'webdav.cacheDir': folder,
  }
  const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`)
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: folder,
    TMPDIR: folder,
    AWS_ACCESS_KEY_ID: 'trivium-test',
    AWS_SECRET_ACCESS_KEY: secret,
  }
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'w')
  const child = spawn('/bin/sh', ['-c', watcher, 's3', folder, program, 'mini', ...args], {
    env,
    cwd: folder,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  })
  await log.close()
  const ended = new Promise<void>((done) => child.once('close', () => done()).once('error', () => done()))
  child.unref()
  const server: S3Server = {
    endpoint: `http://127.0.0.1:${s3}`,
    region: 'us-east-1',
    bucket: 'trivium-test',
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: secret,
    files: `http://127.0.0.1:${filer}`,
    webdav: `http://127.0.0.1:${webdav}`,
  }
  try {
    await untilItAnswers(server.endpoint, () => child.exitCode)
  } catch (error) {
    const said = await readFile(logFile, 'utf8').catch(() => '')
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    throw new Error(`The S3 server did not start: ${(error as Error).message}\n${said.slice(-2000)}`, { cause: error })
  }
  return {
    ...server,
    async stop() {
      child.ref()
      child.stdin?.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The server answers a little before it can store anything. */
async function untilItAnswers(endpoint: string, exited: () => number | null): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    try {
      await (await fetch(endpoint)).text()
      return
    } catch (error) {
      if (exited() !== null) throw new Error(`it ended with ${exited()}`, { cause: error })
      if (Date.now() > deadline) throw new Error(`no answer within ${startTimeoutMs / 1000} s`, { cause: error })
      await sleep(25)
    }
  }
}

/** Ports below 55536, because the server also takes each of them + 10000. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    if (!ports.includes(port) && (await isFree(port)) && (await isFree(port + 10_000))) ports.push(port)
  }
  return ports
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((done) =>
    server
      .once('error', () => done(false))
      .listen(port, '127.0.0.1', () => {
        const found = (server.address() as AddressInfo).port
        server.close(() => done(found === port))
      }),
  )
}
