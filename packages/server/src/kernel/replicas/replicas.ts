import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Clock } from '../clock/index.ts'
import { type Config, rolesOf, type ServerRole } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { newId } from '../ids/index.ts'
import type { Logger } from '../logging/index.ts'
import type { GatewayStatus } from '../ports/index.ts'
import { replicaErrors } from './errors.ts'
import { databaseNow } from './leader.ts'
import type { ReplicaTable } from './tables.ts'

/** A gateway as the other servers find it. */
export interface PeerGateway {
  readonly host: string
  readonly port: number
  /** Whether that port speaks TLS. */
  readonly secure: boolean
  /** Sealed by the vault: what its control endpoint wants. */
  readonly secret: string
  readonly status: GatewayStatus
}

/** One server of the installation. */
export interface Replica {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly roles: readonly ServerRole[]
  readonly version: string
  readonly startedAt: number
  readonly seenAt: number
  readonly alive: boolean
  readonly self: boolean
  readonly gateway: PeerGateway | undefined
}

/** The servers of one database, each of which says every few seconds that it is there. On SQLite there is only this one. */
export interface Replicas {
  readonly id: string
  /** How this machine is reached by the others. */
  readonly host: string
  readonly roles: ReadonlySet<ServerRole>
  /** Says that we are there, now and from now on. Throws REPLICA.OTHER_STORAGE. */
  start(version: string): Promise<void>
  /** That of this program; empty before `start`. */
  version(): string
  /** The others that were there at the last look. */
  others(): readonly Replica[]
  /** All that were seen within a day, this one first. */
  list(): Promise<Replica[]>
  /** Milliseconds UTC, the same on all machines, and not moved by who sets their clocks. */
  now(): number
  /** Tells the others of the gateway that runs here; null when it does not. */
  announceGateway(gateway: PeerGateway | null): Promise<void>
  /** Called when another server asks for what lies in our ledgers. */
  onFlush(handler: () => Promise<unknown>): void
  /** Makes all others commit what lies in their ledgers up to this call; one sentence for each that did not in time. */
  flushOthers(): Promise<string[]>
  /** Commits what lies in our own ledgers: nobody waits for a server that has ended. */
  commitOwn(): Promise<void>
  /** Looks at the others now. */
  look(): Promise<void>
  stop(): Promise<void>
}

const dayMs = 86_400_000
const flushWaitMs = 3000

export function createReplicas({
  db,
  clock,
  logger,
  config,
}: {
  db: Database
  clock: Clock
  logger: Logger
  config: Config
}): Replicas {
  const roles = rolesOf(config)
  const beatMs = Math.min(2000, Math.max(100, config.leaseMs / 4))
  const aliveMs = Math.max(config.leaseMs, 3 * beatMs)
  const flushHandlers: (() => Promise<unknown>)[] = []
  const id = config.databaseUrl === '' ? 'rpl_self' : idOf(config.data)
  const started = clock()
  let version = ''
  let others: Replica[] = []
  /** What the clock of the database said when ours, which nobody sets, said `perf`. */
  let base: { at: number; perf: number } | undefined
  let gateway: string | null = null
  let timer: NodeJS.Timeout | undefined
  let running = false
  let beating: Promise<void> = Promise.resolve()
  let flushing: Promise<void> = Promise.resolve()
  let stopListening = (): void => {}

  const self = (): Replica => ({
    id,
    host: config.peerHost || hostname(),
    pid: process.pid,
    roles: [...roles],
    version,
    startedAt: started,
    seenAt: clock(),
    alive: true,
    self: true,
    gateway: gateway === null ? undefined : (JSON.parse(gateway) as PeerGateway),
  })
  const present = (row: ReplicaTable, now: number): Replica => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    roles: row.roles.split(',') as ServerRole[],
    version: row.version,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    alive: row.alive_until >= now,
    self: row.id === id,
    gateway: row.gateway === null ? undefined : (JSON.parse(row.gateway) as PeerGateway),
  })
  const nowOf = (): number => (base ? Math.round(base.at + performance.now() - base.perf) : clock())

  const read = async (): Promise<{ rows: ReplicaTable[]; now: number }> => {
    const perf = performance.now()
    const rows = await db.read
      .selectFrom('replica')
      .selectAll()
      .select(databaseNow.as('now'))
      .where('alive_until', '>', sql<number>`${databaseNow} - ${dayMs}::bigint`)
      .execute()
    const now = rows[0]?.now
    if (now !== undefined) base = { at: now, perf }
    return { rows, now: now ?? nowOf() }
  }
  const look = async (): Promise<void> => {
    const { rows, now } = await read()
    others = rows.filter((row) => row.id !== id && row.alive_until >= now).map((row) => present(row, now))
    const mine = rows.find((row) => row.id === id)
    if (mine && mine.flush_asked > mine.flush_done) void flushOwn()
  }
  const flushOwn = (): Promise<void> => {
    flushing = flushing.then(async () => {
      try {
        const row = await db.read.selectFrom('replica').selectAll().where('id', '=', id).executeTakeFirst()
        if (!row || row.flush_asked <= row.flush_done) return
        for (const handler of flushHandlers) await handler()
        await db.write
          .transaction()
          .execute((trx) =>
            trx.updateTable('replica').set({ flush_done: row.flush_asked }).where('id', '=', id).execute(),
          )
      } catch (error) {
        logger.warn({ err: error }, 'what another server asked for could not be committed; it asks again')
      }
    })
    return flushing
  }
  const beat = async (): Promise<void> => {
    const facts = {
      host: config.peerHost || hostname(),
      pid: process.pid,
      roles: [...roles].join(','),
      version,
      storage: storageOf(config),
      seen_at: databaseNow,
      alive_until: sql<number>`${databaseNow} + ${aliveMs}::bigint`,
      gateway,
    }
    await db.write.transaction().execute((trx) =>
      trx
        .insertInto('replica')
        .values({ id, ...facts, started_at: started, flush_asked: 0, flush_done: 0 })
        .onConflict((c) => c.column('id').doUpdateSet({ ...facts, started_at: started }))
        .execute(),
    )
  }
  /** One at a time; a look follows each, so that what we know is as new as what we said. */
  const sayAndLook = (): Promise<void> => {
    beating = beating
      .catch(() => {})
      .then(async () => {
        if (!running) return
        await beat()
        await look()
      })
    return beating
  }

  /** A row alone is no server: one that was killed a moment ago, or came with a restored backup, does not say again that it is there. */
  const refuseOtherStorage = async (): Promise<void> => {
    const place = storageOf(config)
    const said = new Map<string, number>()
    for (;;) {
      const { rows, now } = await read()
      const elsewhere = rows.filter((row) => row.id !== id && row.alive_until >= now && row.storage !== place)
      if (elsewhere.length === 0) return
      for (const row of elsewhere) {
        const before = said.get(row.id) ?? row.seen_at
        if (row.seen_at > before) throw replicaErrors.OTHER_STORAGE(row.host, row.storage, place)
        said.set(row.id, before)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  const alone = db.dialect === 'sqlite'
  return {
    id,
    host: config.peerHost || hostname(),
    roles,
    version: () => version,
    start: async (program) => {
      version = program
      if (alone) return
      await look()
      await refuseOtherStorage()
      running = true
      await sayAndLook()
      stopListening = db.channel?.subscribe('flush', () => void flushOwn()) ?? (() => {})
      await db.channel?.open()
      timer = setInterval(
        () => void sayAndLook().catch((error: unknown) => logger.warn({ err: error }, 'the others do not hear of us')),
        beatMs,
      )
      timer.unref()
      db.channel?.publish('replica')
    },
    others: () => others,
    list: async () => {
      if (alone || !running) return [self()]
      const { rows, now } = await read()
      return [self(), ...rows.filter((row) => row.id !== id).map((row) => present(row, now))]
    },
    now: nowOf,
    announceGateway: async (found) => {
      const text = found === null ? null : JSON.stringify(found)
      if (text === gateway) return
      gateway = text
      if (!running) return
      await sayAndLook()
      db.channel?.publish('gateway')
    },
    onFlush: (handler) => void flushHandlers.push(handler),
    flushOthers: async () => {
      if (!running || others.length === 0) return []
      const ids = others.map((one) => one.id)
      const asked = await db.write.transaction().execute((trx) =>
        trx
          .updateTable('replica')
          .set((e) => ({ flush_asked: e('flush_asked', '+', 1) }))
          .where('id', 'in', ids)
          .where('alive_until', '>=', databaseNow)
          .returning(['id', 'host', 'flush_asked'])
          .execute(),
      )
      db.channel?.publish('flush', performance.now())
      const until = performance.now() + flushWaitMs
      let left = asked
      while (left.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        const { rows, now } = await read()
        left = left.filter((one) => {
          const row = rows.find((found) => found.id === one.id)
          return row !== undefined && row.alive_until >= now && row.flush_done < one.flush_asked
        })
        if (performance.now() > until) break
      }
      return left.map(({ host }) => `the server on ${host} has not committed its ledgers yet`)
    },
    commitOwn: async () => {
      if (!running) return
      for (const handler of flushHandlers)
        await handler().catch((error: unknown) =>
          logger.warn({ err: error }, 'what lies in the ledgers is committed by the next start'),
        )
    },
    look: async () => {
      if (running) await look()
    },
    stop: async () => {
      running = false
      clearInterval(timer)
      stopListening()
      await beating.catch(() => {})
      await flushing
      if (alone || version === '') return
      await db.write
        .transaction()
        .execute((trx) => trx.deleteFrom('replica').where('id', '=', id).execute())
        .catch(() => {})
    },
  }
}

/** Where content lies, as all servers of a database must agree on. */
function storageOf({ storageUrl, storageEndpoint, data, peerHost }: Config): string {
  return storageUrl === ''
    ? `${peerHost || hostname()}:${join(data, 'blobs')}`
    : `${storageEndpoint}${storageEndpoint === '' ? '' : '/'}${storageUrl}`
}

/** A server that starts again is the same one: its data directory remembers who it is. */
function idOf(data: string): string {
  const path = join(data, 'replica-id')
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    const made = newId('rpl')
    writeFileSync(path, `${made}\n`, { mode: 0o600 })
    return made
  }
}
