import { sql } from 'kysely'
import type { Database, Trx } from '../db/index.ts'
import { sealEvents, sequencerLock } from './seal-events.ts'

const mostPerBatch = 5000
const safetyPollMs = 200

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
  let numbered = false
  db.onBeforeCommit(async (trx) => {
    if ((await numberOnSqlite(trx)) === 0) return
    await sealAll(trx)
    numbered = true
  })
  const stopListening = db.onCommitted(() => {
    if (!numbered) return
    numbered = false
    notify()
  })
  return {
    flush: async () => {},
    onSealed: (listener) => subscribe(listeners, listener),
    stop: async () => stopListening(),
  }
}

function startOnPostgres(
  db: Database,
  listeners: Set<() => void>,
  notify: () => void,
  { numbers, others }: { numbers: boolean; others: () => boolean },
): Sequencer {
  let running: Promise<{ head: number; mine: boolean }> | undefined
  let stopped = false
  let seen = -1
  /** Numbers what can be numbered and returns how far the numbers are now, whoever gave them. */
  const round = (): Promise<{ head: number; mine: boolean }> => {
    running ??= db.write
      .transaction()
      .execute(async (trx) => {
        const mine = numbers && (await numberOnPostgres(trx))
        if (mine) await sealAll(trx)
        const { last_seq: head } = await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()
        return { head, mine }
      })
      .finally(() => {
        running = undefined
      })
    return running
  }
  let wanted = false
  let looping = false
  const loop = async (): Promise<void> => {
    if (looping) {
      wanted = true
      return
    }
    looping = true
    try {
      do {
        wanted = false
        const { head, mine } = await round()
        // Also what another replica has numbered is news here.
        if (head !== seen) {
          seen = head
          notify()
          if (mine && others()) db.channel?.publish('sealed')
          wanted = true
        }
      } while (wanted && !stopped)
    } catch {
      // The database is away; the safety poll tries again.
    } finally {
      looping = false
    }
  }
  let kick: NodeJS.Timeout | undefined
  const stopListening = db.onCommitted(() => {
    if (stopped || looping || kick) return
    kick = setTimeout(() => {
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
    flush: async () => {
      await sealedUpToNow(db, loop)
    },
    onSealed: (listener) => subscribe(listeners, listener),
    stop: async () => {
      stopped = true
      clearInterval(poll)
      clearTimeout(kick)
      stopListening()
      for (const stop of stopHearing) stop?.()
      await running?.catch(() => {})
    },
  }
}

async function sealedUpToNow(db: Database, loop: () => Promise<void>): Promise<void> {
  const open = await db.read.selectFrom('event').select('id').where('seq', 'is', null).execute()
  let left = open.map((row) => row.id)
  while (left.length > 0) {
    await loop()
    const rows = await db.read
      .selectFrom('event')
      .select('id')
      .where('seq', 'is', null)
      .where('id', 'in', left.slice(0, 1000))
      .execute()
    left = [...rows.map((row) => row.id), ...left.slice(1000)]
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function subscribe(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

async function sealAll(trx: Trx): Promise<void> {
  while ((await sealEvents(trx)).more);
}

async function moveHead(trx: Trx, head: number, count: number): Promise<void> {
  if (count === 0) return
  await trx
    .updateTable('event_head')
    .set({ last_seq: head + count })
    .execute()
}

async function numberOnSqlite(trx: Trx): Promise<number> {
  const head = (await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()).last_seq
  const { numAffectedRows } = await sql`
    update event set seq = numbered.seq
    from (
      select rowid as row_number, ${head} + row_number() over (order by rowid) as seq from event where seq is null
    ) as numbered
    where event.rowid = numbered.row_number`.execute(trx)
  const count = Number(numAffectedRows ?? 0)
  await moveHead(trx, head, count)
  return count
}

/** Returns whether this server is the one that numbers now. */
async function numberOnPostgres(trx: Trx): Promise<boolean> {
  const { rows: locks } = await sql<{
    mine: boolean
  }>`select pg_try_advisory_xact_lock(${sequencerLock}) as mine`.execute(trx)
  if (!locks[0]?.mine) return false
  const { last_seq: head } = await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()
  // The snapshot's xmin is taken here, after the lock: every older transaction has ended, so its rows are all visible or never will be.
  const { numAffectedRows } = await sql`
    update event set seq = numbered.seq
    from (
      select id, ${head}::bigint + row_number() over (order by xid, id) as seq from event
      where event.seq is null and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      order by xid, id limit ${mostPerBatch}
    ) as numbered
    where event.id = numbered.id`.execute(trx)
  const count = Number(numAffectedRows ?? 0)
  await moveHead(trx, head, count)
  return true
}
