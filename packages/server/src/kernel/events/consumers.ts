import type { SealedEvent } from '@trivium/contract'
import type { Clock } from '../clock/clock.ts'
import { type Database, isUniqueViolation, type Trx } from '../db/index.ts'
import type { Logger } from '../logging/index.ts'
import type { EventLog } from './event-log.ts'
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
  const loops: { wake: () => void; done: Promise<void> }[] = []
  let stopped = false
  let stopListening = (): void => {}

  const start = () => {
    for (const consumer of consumers) loops.push(run(consumer))
    stopListening = sequencer.onSealed(() => {
      for (const loop of loops) loop.wake()
    })
  }

  function run(consumer: Consumer): { wake: () => void; done: Promise<void> } {
    let wake = () => {}
    let awake = true
    const sleep = (ms?: number) =>
      new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    const loop = async (): Promise<void> => {
      let registered = false
      let backoff = shortestBackoffMs
      while (!stopped) {
        awake = false
        try {
          if (!registered) await register(consumer.name)
          registered = true
          const more = await step(consumer)
          backoff = shortestBackoffMs
          if (!more && !awake && !stopped) await sleep()
        } catch (error) {
          logger.error({ err: error, consumer: consumer.name }, 'event consumer failed; it will try again')
          await recordFailure(consumer.name, error)
          // New events do not shorten the wait: the same batch comes first.
          const until = performance.now() + backoff
          while (!stopped && performance.now() < until) await sleep(until - performance.now())
          backoff = Math.min(backoff * 2, longestBackoffMs)
        }
      }
    }
    return {
      wake: () => {
        awake = true
        wake()
      },
      done: loop(),
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

  async function step(consumer: Consumer): Promise<boolean> {
    const { cursor } = await db.read
      .selectFrom('event_consumer')
      .select('cursor')
      .where('name', '=', consumer.name)
      .executeTakeFirstOrThrow()
    const batch = await events.readAfter(db.read, cursor, batchSize)
    const last = batch.at(-1)
    if (!last) return false
    const wanted =
      consumer.events === 'all'
        ? batch
        : batch.filter((event) => (consumer.events as readonly string[]).includes(event.name))
    await db.write.transaction().execute(async (trx) => {
      // Another replica may have moved on: the guarded update makes this batch belong to exactly one of them.
      const { numUpdatedRows } = await trx
        .updateTable('event_consumer')
        .set({ cursor: last.seq, failed_at: null, error: null })
        .where('name', '=', consumer.name)
        .where('cursor', '=', cursor)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return
      if (wanted.length > 0) await consumer.handle(trx, wanted)
    })
    return true
  }

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
    lagging: async (seq) =>
      (await positions())
        .filter((one) => one.seq < seq)
        .map(({ name, error }) => (error ? `${name} fails: ${error}` : `${name} has not read all events yet`)),
    positions,
    stop: async () => {
      stopped = true
      stopListening()
      for (const loop of loops) loop.wake()
      await Promise.all(loops.map((loop) => loop.done))
    },
  }
}
