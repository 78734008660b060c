import { CompiledQuery, sql } from 'kysely'
import type { Database, Trx } from '../db/index.ts'
import { eventColumns, type EventTable, hasEvents } from './event-log.ts'
import { numberOnPostgres, type Round } from './number-on-postgres.ts'
import { createRecentEvents, type RecentEvents } from './recent-events.ts'
import { sealEvents } from './seal-events.ts'

const safetyPollMs = 200
/** A round that found so many is followed by the next one not before so long after it began: what comes meanwhile shares one round. */
const manyEvents = 8
const gatherMs = 20
/** And where more come than one a millisecond, a round for so many as come in this time: what a round costs is then shared by many, and nobody waits long. */
const longestGatherMs = 60
/** So often it looks at every event that waits, also at those that cannot be there by what it knows. */
const fullLookMs = 1000
/** How soon it looks again for events that wait for an older transaction, or for another server that numbers; twice as long each time. */
const shortestRetryMs = 3
const longestRetryMs = 100

/**
 * Numbers committed events without gaps. On SQLite the single writer does it inside the commit. On Postgres whoever gets the lock of the transaction takes only rows
 * of transactions that are older than every open one, in the order of their transactions: a row that commits late can then never land behind a number
 * that somebody has already read past. What was numbered is sealed in the same transaction (`sealEvents`).
 */
export interface Sequencer {
  /** Resolves after everything that was committed before the call is numbered. */
  flush(): Promise<void>
  /** Called after new numbers are visible. */
  onSealed(listener: () => void): () => void
  /** What was sealed here just now. */
  readonly recent: RecentEvents
  stop(): Promise<void>
}

export function startSequencer({
  db,
  numbers = true,
  others = () => false,
}: {
  db: Database
  /** False for a server that only follows: it hears of numbers that others give. */
  numbers?: boolean
  /** Whether other servers of this database wait for news. */
  others?: () => boolean
}): Sequencer {
  const listeners = new Set<() => void>()
  const notify = () => {
    for (const listener of listeners) listener()
  }
  return db.dialect === 'sqlite'
    ? startOnSqlite(db, listeners, notify)
    : startOnPostgres(db, listeners, notify, { numbers, others })
}

function startOnSqlite(db: Database, listeners: Set<() => void>, notify: () => void): Sequencer {
  const recent = createRecentEvents()
  let sealed: readonly EventTable[] = []
  db.onBeforeCommit(async (trx) => {
    // Also what a commit has left that failed.
    sealed = []
    if ((await numberOnSqlite(trx)) > 0) sealed = await sealAll(trx)
  })
  const stopListening = db.onCommitted(() => {
    const head = sealed.at(-1)?.seq
    if (head === undefined || head === null) return
    recent.add(sealed)
    recent.note(head)
    sealed = []
    notify()
  })
  return {
    flush: async () => {},
    onSealed: (listener) => subscribe(listeners, listener),
    recent,
    stop: async () => stopListening(),
  }
}

function startOnPostgres(
  db: Database,
  listeners: Set<() => void>,
  notify: () => void,
  { numbers, others }: { numbers: boolean; others: () => boolean },
): Sequencer {
  const recent = createRecentEvents()
  let running: Promise<Round> | undefined
  let stopped = false
  let seen = -1
  let before = 0
  let fullLook = -Infinity
  /** Numbers what can be numbered and returns how far the numbers are now, whoever gave them. */
  const round = async (): Promise<Round> => {
    if (numbers) {
      const now = performance.now()
      const full = now - fullLook >= fullLookMs
      const done = await db.write.transaction().execute((trx) => numberOnPostgres(db, trx, full ? 0 : before))
      if (full) fullLook = now
      before = done.before
      return done
    }
    const { last_seq: head } = await db.read.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()
    return { head, mine: false, left: false, sealed: [], before: 0 }
  }
  let wanted = false
  let looping = false
  let hurry = (): void => {}
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const loop = async (): Promise<void> => {
    if (looping) {
      wanted = true
      return
    }
    looping = true
    let retryMs = shortestRetryMs
    try {
      do {
        wanted = false
        const began = performance.now()
        running = round()
        const { head, mine, left, sealed } = await running
        recent.add(sealed)
        recent.note(head)
        // Also what another replica has numbered is news here.
        if (head !== seen) {
          seen = head
          notify()
          if (mine && others()) db.channel?.publish('sealed')
        }
        const again = numbers && (left || !mine)
        if (!wanted && !again) break
        const many = sealed.length >= manyEvents
        if (many) retryMs = shortestRetryMs
        const gather = Math.min(longestGatherMs, Math.max(gatherMs, sealed.length))
        await pause(many ? Math.max(0, gather - (performance.now() - began)) : again ? retryMs : 0)
        retryMs = wanted ? shortestRetryMs : Math.min(retryMs * 2, longestRetryMs)
      } while (!stopped)
    } catch {
      // The database is away; the safety poll tries again.
    } finally {
      looping = false
    }
  }
  let kick: NodeJS.Timeout | undefined
  const stopListening = db.onCommitted((trx) => {
    if (stopped || (trx && !hasEvents(trx))) return
    if (looping) wanted = true
    else
      kick ??= setTimeout(() => {
        kick = undefined
        void loop()
      }, 1)
  })
  const stopHearing = [
    db.channel?.subscribe('sealed', () => void loop()),
    db.channel?.subscribe('reconnected', () => void loop()),
  ]
  const poll = setInterval(() => void loop(), safetyPollMs)
  poll.unref()
  return {
    flush: () =>
      sealedUpToNow(db, () => {
        hurry()
        return loop()
      }),
    onSealed: (listener) => subscribe(listeners, listener),
    recent,
    stop: async () => {
      stopped = true
      hurry()
      clearInterval(poll)
      clearTimeout(kick)
      stopListening()
      for (const stop of stopHearing) stop?.()
      await running?.catch(() => {})
    },
  }
}

async function sealedUpToNow(db: Database, loop: () => Promise<void>): Promise<void> {
  const newest = await newestWaiting(db)
  if (newest === null) return
  for (;;) {
    await loop()
    if (!(await isWaiting(db, newest))) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The transaction of the newest event that has no number yet. */
async function newestWaiting(db: Database): Promise<number | null> {
  const [waiting, old] = await Promise.all([
    db.read
      .selectFrom('event_waiting')
      .select((e) => e.fn.max<number | null>('xid').as('xid'))
      .executeTakeFirst(),
    db.read
      .selectFrom('event')
      .select((e) => e.fn.max<number | null>('xid').as('xid'))
      .where('seq', 'is', null)
      .executeTakeFirst(),
  ])
  const found = [waiting?.xid, old?.xid].filter((xid) => xid !== null && xid !== undefined)
  return found.length === 0 ? null : Math.max(...found)
}

async function isWaiting(db: Database, newest: number): Promise<boolean> {
  const [waiting, old] = await Promise.all([
    db.read.selectFrom('event_waiting').select('id').where('xid', '<=', newest).limit(1).executeTakeFirst(),
    db.read
      .selectFrom('event')
      .select('id')
      .where('seq', 'is', null)
      .where('xid', '<=', newest)
      .limit(1)
      .executeTakeFirst(),
  ])
  return waiting !== undefined || old !== undefined
}

function subscribe(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

async function sealAll(trx: Trx): Promise<EventTable[]> {
  const sealed: EventTable[] = []
  for (;;) {
    const { rows, more } = await sealEvents(trx)
    sealed.push(...rows)
    if (!more) return sealed
  }
}

async function moveHead(trx: Trx, head: number, count: number): Promise<void> {
  if (count === 0) return
  await trx
    .updateTable('event_head')
    .set({ last_seq: head + count })
    .execute()
}

const anyWaiting = CompiledQuery.raw('select 1 from event_waiting limit 1')

async function numberOnSqlite(trx: Trx): Promise<number> {
  // Most commits of clients that log bring no event.
  if ((await trx.executeQuery(anyWaiting)).rows.length === 0) return 0
  const head = (await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()).last_seq
  const { numAffectedRows } = await sql`
    insert into event (seq, ${sql.raw(eventColumns)})
    select ${head} + row_number() over (order by rowid), ${sql.raw(eventColumns)} from event_waiting`.execute(trx)
  const count = Number(numAffectedRows ?? 0)
  if (count > 0) await trx.deleteFrom('event_waiting').execute()
  await moveHead(trx, head, count)
  return count
}
