import type { SealedEvent } from '@trivium/contract'
import type { Clock } from '../clock/clock.ts'
import { type Database, isUniqueViolation, type Trx } from '../db/index.ts'
import type { Logger } from '../logging/index.ts'
import type { EventLog } from './event-log.ts'
import { createIdleCursors, type Standing } from './idle-cursors.ts'
import type { Sequencer } from './sequencer.ts'

declare module '../db/database.ts' {
  interface Tables {
    event_consumer: { name: string; cursor: number; failed_at: number | null; error: string | null }
  }
}

/** Somebody who follows the sealed events with a durable cursor. */
export interface Consumer {
  /** Stable name; it owns the cursor. */
  readonly name: string
  /** Only events with these names are handed over; the cursor passes the rest. */
  readonly events: readonly string[] | 'all'
  /**
   * Works on a batch inside the transaction that also moves the cursor: its writes happen exactly once. It awaits nothing but the transaction;
   * work on the outside is enqueued as a job.
   */
  handle(trx: Trx, events: SealedEvent[]): Promise<void>
}

export interface Consumers {
  add(consumer: Consumer): void
  start(): void
  /** Which consumers have not read up to `seq`, one sentence each. */
  lagging(seq: number): Promise<string[]>
  /** How far each consumer has read, and why its last batch failed if it did. */
  positions(): Promise<readonly ConsumerPosition[]>
  stop(): Promise<void>
}

export interface ConsumerPosition {
  readonly name: string
  /** The last event that it has worked on; 0 before the first. */
  readonly seq: number
  readonly error: string | null
}

const batchSize = 500
/** A batch of so many that was not full is followed by the next one not before so long after it began: what comes meanwhile shares one transaction. */
const manyEvents = 8
const gatherMs = 25
const shortestBackoffMs = 50
const longestBackoffMs = 10_000

export function createConsumers({
  db,
  events,
  sequencer,
  clock,
  logger,
}: {
  db: Database
  events: EventLog
  sequencer: Sequencer
  clock: Clock
  logger: Logger
}): Consumers {
  const consumers: Consumer[] = []
  const standings: Standing[] = []
  const loops: Promise<void>[] = []
  const { recent } = sequencer
  let stopped = false
  let stopListening = (): void => {}

  const start = () => {
    if (consumers.length > 0) recent.keep()
    for (const consumer of consumers) {
      const standing: Standing = {
        consumer,
        stored: undefined,
        read: 0,
        handling: false,
        registered: false,
        wake: () => {},
      }
      standings.push(standing)
      loops.push(run(standing))
    }
    stopListening = sequencer.onSealed(() => {
      for (const { wake } of standings) wake()
    })
  }

  async function run(standing: Standing): Promise<void> {
    const { name } = standing.consumer
    let awake = false
    let endSleep = () => {}
    standing.wake = () => {
      awake = true
      endSleep()
    }
    const sleep = (ms?: number) =>
      new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        endSleep = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    /** Nothing but a stop ends it early. */
    const pause = async (ms: number): Promise<void> => {
      const until = performance.now() + ms
      while (!stopped && performance.now() < until) await sleep(until - performance.now())
    }
    let backoff = shortestBackoffMs
    while (!stopped) {
      awake = false
      try {
        const began = performance.now()
        const count = await step(standing)
        backoff = shortestBackoffMs
        if (count >= manyEvents && count < batchSize) await pause(began + gatherMs - performance.now())
        if (count === 0 && !awake && !stopped) {
          recent.forget(Math.min(...standings.map(({ read }) => read)))
          await sleep()
        }
      } catch (error) {
        logger.error({ err: error, consumer: name }, 'event consumer failed; it will try again')
        standing.stored = undefined
        await recordFailure(name, error)
        // New events do not shorten the wait: the same batch comes first.
        await pause(backoff)
        backoff = Math.min(backoff * 2, longestBackoffMs)
      }
    }
  }

  async function register(name: string): Promise<void> {
    try {
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('event_consumer')
          .values({ name, cursor: 0, failed_at: null, error: null })
          .onConflict((c) => c.column('name').doNothing())
          .execute(),
      )
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
    }
  }

  async function recordFailure(name: string, error: unknown): Promise<void> {
    const failure = { failed_at: clock(), error: String((error as Error).message ?? error).slice(0, 1000) }
    await db.write
      .transaction()
      .execute((trx) => trx.updateTable('event_consumer').set(failure).where('name', '=', name).execute())
      .catch(() => {})
  }

  /** Reads the cursor where it is not known. */
  async function find(standing: Standing): Promise<number> {
    if (standing.stored !== undefined) return standing.stored
    const { name } = standing.consumer
    if (!standing.registered) await register(name)
    standing.registered = true
    const { cursor } = await db.read
      .selectFrom('event_consumer')
      .select('cursor')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    standing.read = cursor
    standing.stored = cursor
    return cursor
  }

  /** Works on the next batch; returns of how many events it was. */
  async function step(standing: Standing): Promise<number> {
    const { consumer } = standing
    await find(standing)
    const from = standing.read
    const batch = await nextBatch(from)
    const last = batch.at(-1)
    if (!last) return 0
    const wanted =
      consumer.events === 'all'
        ? [...batch]
        : batch.filter((event) => (consumer.events as readonly string[]).includes(event.name))
    if (wanted.length === 0) {
      standing.read = last.seq
      cursors.move()
      return batch.length
    }
    standing.handling = true
    try {
      await cursors.moved()
      const stored = await find(standing)
      standing.read = Math.max(standing.read, stored)
      // Somebody else has worked on a part of it.
      if (standing.read !== from) return 1
      const mine = await db.write.transaction().execute(async (trx) => {
        // Another replica may have moved on: the guarded update makes this batch belong to exactly one of them.
        const { numUpdatedRows } = await trx
          .updateTable('event_consumer')
          .set({ cursor: last.seq, failed_at: null, error: null })
          .where('name', '=', consumer.name)
          .where('cursor', '=', stored)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await consumer.handle(trx, wanted)
        return true
      })
      if (!mine) standing.stored = undefined
      else standing.read = standing.stored = last.seq
    } finally {
      standing.handling = false
    }
    return batch.length
  }

  const reading = new Map<number, Promise<SealedEvent[]>>()
  /** The events after a number: from memory, or from the database once for all who ask for the same. */
  async function nextBatch(after: number): Promise<SealedEvent[]> {
    const held = recent.after(after, batchSize)
    if (held) return held
    let found = reading.get(after)
    if (!found) {
      found = events.readAfter(db.read, after, batchSize).finally(() => reading.delete(after))
      reading.set(after, found)
    }
    return found
  }

  const cursors = createIdleCursors({ db, standings })

  async function positions(): Promise<ConsumerPosition[]> {
    const rows = await db.read.selectFrom('event_consumer').select(['name', 'cursor', 'error']).execute()
    const byName = new Map(rows.map((row) => [row.name, row]))
    return consumers.map(({ name }) => ({
      name,
      seq: byName.get(name)?.cursor ?? 0,
      error: byName.get(name)?.error ?? null,
    }))
  }

  return {
    add: (consumer) => void consumers.push(consumer),
    start,
    lagging: async (seq) => {
      await cursors.flush()
      return (await positions())
        .filter((one) => one.seq < seq)
        .map(({ name, error }) => (error ? `${name} fails: ${error}` : `${name} has not read all events yet`))
    },
    positions,
    stop: async () => {
      stopped = true
      stopListening()
      for (const { wake } of standings) wake()
      await Promise.all(loops)
      await cursors.flush()
    },
  }
}
