import { sql } from 'kysely'
import type { Database, Trx } from '../db/index.ts'

const mostPerBatch = 5000
const postgresLock = 741852964
const safetyPollMs = 200

/**
 * Numbers committed events without gaps. On SQLite the single writer does it inside the commit. On Postgres one leader (advisory lock) takes only rows
 * of transactions that are older than every open one, in the order of their transactions: a row that commits late can then never land behind a number
 * that somebody has already read past.
 */
export interface Sequencer {
  /** Resolves after everything that was committed before the call is numbered. */
  flush(): Promise<void>
  /** Called after new numbers are visible. */
  onSealed(listener: () => void): () => void
  stop(): Promise<void>
}

export function startSequencer({ db }: { db: Database }): Sequencer {
  const listeners = new Set<() => void>()
  const notify = () => {
    for (const listener of listeners) listener()
  }
  return db.dialect === 'sqlite' ? startOnSqlite(db, listeners, notify) : startOnPostgres(db, listeners, notify)
}

function startOnSqlite(db: Database, listeners: Set<() => void>, notify: () => void): Sequencer {
  let numbered = false
  db.onBeforeCommit(async (trx) => {
    if ((await numberOnSqlite(trx)) > 0) numbered = true
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

function startOnPostgres(db: Database, listeners: Set<() => void>, notify: () => void): Sequencer {
  let running: Promise<number> | undefined
  let stopped = false
  let seen = -1
  /** Numbers what can be numbered and returns how far the numbers are now, whoever gave them. */
  const round = (): Promise<number> => {
    running ??= db.write
      .transaction()
      .execute(async (trx) => {
        await numberOnPostgres(trx)
        return (await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()).last_seq
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
        const head = await round()
        // Also what another replica has numbered is news here.
        if (head !== seen) {
          seen = head
          notify()
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

async function numberOnSqlite(trx: Trx): Promise<number> {
  const { rows } = await sql<{ rowid: number }>`select rowid from event where seq is null order by rowid`.execute(trx)
  if (rows.length === 0) return 0
  const head = (await trx.selectFrom('event_head').select('last_seq').executeTakeFirstOrThrow()).last_seq
  for (const [index, { rowid }] of rows.entries())
    await sql`update event set seq = ${head + index + 1} where rowid = ${rowid}`.execute(trx)
  await trx
    .updateTable('event_head')
    .set({ last_seq: head + rows.length })
    .execute()
  return rows.length
}

async function numberOnPostgres(trx: Trx): Promise<number> {
  const { rows: locks } = await sql<{
    mine: boolean
  }>`select pg_try_advisory_xact_lock(${postgresLock}) as mine`.execute(trx)
  if (!locks[0]?.mine) return 0
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
  if (count > 0)
    await trx
      .updateTable('event_head')
      .set({ last_seq: head + count })
      .execute()
  return count
}
