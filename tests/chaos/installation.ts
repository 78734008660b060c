import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase } from '../../packages/testing/src/postgres.ts'
import { createS3Place } from '../../packages/testing/src/s3.ts'
import { type ServerProcess, spawnServer } from '../../packages/testing/src/spawn-server.ts'
import type { Send } from './traffic.ts'
import { killProcess, processesOf, type VictimKind, victimKinds, victimsOf } from './victims.ts'

export const token = 'token-of-the-kill-test-0123456789'

/** The servers of one database, each on a port that it keeps over its restarts. */
export interface Installation {
  readonly send: Send
  /** The data directories. */
  readonly data: readonly string[]
  /** Kills one process that `random` chooses, of the kind that is wanted; a main is started again at once. Returns what it was. */
  killOne(random: () => number, wanted?: VictimKind): Promise<VictimKind>
  /** Ends every server and starts it again: what is there then is on disk. */
  restart(): Promise<void>
  /** Ends everything; returns what is still running then, and should not be. */
  stop(): Promise<string[]>
}

/** How often each is chosen. What runs for moments only is waited for. */
const weights: Record<VictimKind, number> = {
  main: 24,
  gateway: 16,
  tables: 12,
  scorer: 12,
  sandbox: 8,
  'fork server': 10,
  step: 12,
  'program of a step': 6,
}
const waitMs = 800

/** One server on SQLite, or on the real Postgres of the test run when CHAOS_DATABASE=postgres. */
export async function oneServer(leaseMs: number): Promise<Installation> {
  const database = process.env['CHAOS_DATABASE'] === 'postgres' ? await createPostgresDatabase() : undefined
  return startInstallation(1, leaseMs, database ? { TRIVIUM_DATABASE_URL: database.url } : {}, async () =>
    database?.drop(),
  )
}

/** Two servers, each as on a machine of its own, on one Postgres and one S3 server. */
export async function twoReplicas(leaseMs: number): Promise<Installation> {
  const { settings, drop } = await sharedPlaces()
  return startInstallation(2, leaseMs, settings, drop)
}

interface Replica {
  readonly data: string
  readonly port: string
  server: ServerProcess
}

async function startInstallation(
  count: number,
  leaseMs: number,
  settings: Record<string, string>,
  drop: () => Promise<void>,
): Promise<Installation> {
  const environment = {
    ...settings,
    TRIVIUM_ADMIN_TOKEN: token,
    TRIVIUM_LEASE_MS: String(leaseMs),
    TRIVIUM_LOG_LEVEL: 'silent',
  }
  const replicas: Replica[] = []
  for (let n = 0; n < count; n += 1) {
    const data = await mkdtemp(join(tmpdir(), 'trivium-chaos-'))
    const server = await spawnServer({ data, settings: environment })
    replicas.push({ data, server, port: new URL(server.url).port })
  }
  const start = async (replica: Replica): Promise<void> => {
    replica.server = await spawnServer({
      data: replica.data,
      settings: environment,
      flags: ['--port', replica.port],
    })
  }
  let turn = 0
  // In turn: what one has answered the other has to know.
  const send = sendTo(() => {
    turn += 1
    return (replicas[turn % replicas.length] as Replica).port
  })
  return {
    send,
    data: replicas.map(({ data }) => data),
    killOne: async (random, wanted) => {
      const replica = replicas[Math.floor(random() * replicas.length)] as Replica
      const kind = wanted ?? chooseKind(random)
      const until = Date.now() + (wanted === undefined ? waitMs : 10 * waitMs)
      while (kind !== 'main') {
        const found = victimsOf(replica.server.pid, replica.data)
        found.delete('main')
        // What is not there is not waited for for ever: something else is killed instead.
        const others = Date.now() < until ? [] : [...found.keys()]
        const victim = found.has(kind) ? kind : others[Math.floor(random() * others.length)]
        const pids = victim === undefined ? [] : (found.get(victim) ?? [])
        const pid = pids[Math.floor(random() * pids.length)]
        if (victim !== undefined && pid !== undefined) {
          killProcess(pid)
          return victim
        }
        if (Date.now() >= until) break
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
      await replica.server.kill('SIGKILL')
      await start(replica)
      return 'main'
    },
    restart: async () => {
      for (const replica of replicas) {
        await replica.server.kill('SIGTERM')
        await start(replica)
      }
    },
    stop: async () => {
      for (const replica of replicas) {
        await replica.server.kill('SIGTERM')
      }
      const left = await whatIsLeft(replicas.map(({ data }) => data))
      for (const { data } of replicas) await rm(data, { recursive: true, force: true })
      await drop()
      return left
    },
  }
}

function chooseKind(random: () => number): VictimKind {
  let at = random() * Object.values(weights).reduce((sum, one) => sum + one, 0)
  return victimKinds.find((kind) => (at -= weights[kind]) < 0) ?? 'main'
}

/** Processes that belong to a data directory a moment after its server has ended. */
async function whatIsLeft(folders: readonly string[]): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const left = folders.flatMap(processesOf)
    if (left.length === 0 || tries === 50) return left
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Sends requests to the port that `portOf` names for each. `onFailed` hears of every request that was not answered well. */
export function sendTo(portOf: () => string, onFailed: (what: string) => void = () => {}): Send {
  return async (method, path, body, as = token) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const port = portOf()
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${as}`,
          ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
        },
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      })
      const text = await response.text()
      if (response.ok) return text === '' ? {} : JSON.parse(text)
      onFailed(`${method} ${path} at ${port}: ${response.status} ${text}`)
      // A mistake of this test must not look like a server that was away.
      if (response.status < 500 && response.status !== 409 && response.status !== 401)
        throw new TypeError(`${method} ${path}: ${response.status} ${text}`)
      return undefined
    } catch (error) {
      if (error instanceof TypeError && error.message.startsWith(method)) throw error
      onFailed(`${method} ${path} at ${port}: ${(error as Error).message}`)
      return undefined
    }
  }
}

/** Settings of servers that share a Postgres database and a place on S3. */
export async function sharedPlaces(): Promise<{ settings: Record<string, string>; drop(): Promise<void> }> {
  const [database, { configuration }] = await Promise.all([createPostgresDatabase(), createS3Place()])
  const storage = Object.entries(configuration).map(([key, value]): [string, string] => [
    `TRIVIUM_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
    value,
  ])
  const settings = {
    ...Object.fromEntries(storage),
    TRIVIUM_DATABASE_URL: database.url,
    TRIVIUM_VAULT_KEY: randomBytes(32).toString('base64'),
  }
  return { settings, drop: database.drop }
}
