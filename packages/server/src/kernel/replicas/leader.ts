import { sql } from 'kysely'
import type { Database, Trx } from '../db/index.ts'
import { replicaErrors } from './errors.ts'
import './tables.ts'

/** Who of the engines of one database does what is done once for all: schedules, windows by the wall clock, checkpoints, sweeps. */
export interface Leader {
  /** Whether this server leads now. It stops before its lease could have gone to another one, whatever the clocks of the machines say. */
  leads(): boolean
  /** Throws REPLICA.NOT_LEADING in a transaction of a leader whom another one has followed; holds that off until its end. */
  guard(trx: Trx): Promise<void>
  /** Looks for the lease now and from then on. */
  start(): Promise<void>
  /** Gives the lease back. */
  stop(): Promise<void>
}

/** The milliseconds of the database's clock: of machines whose clocks differ it is the only one that all see. */
export const databaseNow = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`

/** On SQLite the one server leads from the beginning; on Postgres the holder of the lease, which he renews three times in its length. */
export function createLeader({
  db,
  id,
  leaseMs,
  name = 'engine',
}: {
  db: Database
  id: string
  leaseMs: number
  name?: string
}): Leader {
  if (db.dialect === 'sqlite')
    return { leads: () => true, guard: async () => {}, start: async () => {}, stop: async () => {} }
  let fence: number | undefined
  let until = 0
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()

  const look = async (): Promise<void> => {
    const asked = performance.now()
    try {
      const { rows } = await db.write.transaction().execute((trx) =>
        sql<{ fence: number }>`
          insert into lease (name, holder, fence, until) values (${name}, ${id}, 1, ${databaseNow} + ${leaseMs}::bigint)
          on conflict (name) do update set holder = excluded.holder, until = excluded.until,
            fence = lease.fence + case when lease.holder = excluded.holder and lease.until >= ${databaseNow} then 0 else 1 end
          where lease.holder = excluded.holder or lease.until < ${databaseNow}
          returning fence`.execute(trx),
      )
      fence = rows[0]?.fence
      // Counted from before the question: whenever the database wrote it, its lease lasts longer than ours.
      until = fence === undefined ? 0 : asked + leaseMs
    } catch {
      // The database is away; what we hold runs out by itself.
    }
  }
  return {
    leads: () => fence !== undefined && performance.now() < until,
    guard: async (trx) => {
      const held = await trx
        .selectFrom('lease')
        .select('name')
        .where('name', '=', name)
        .where('holder', '=', id)
        .where('fence', '=', fence ?? -1)
        .forUpdate()
        .executeTakeFirst()
      if (!held) throw replicaErrors.NOT_LEADING()
    },
    start: async () => {
      await look()
      timer = setInterval(() => {
        looking = looking.then(look)
      }, leaseMs / 3)
      timer.unref()
    },
    stop: async () => {
      clearInterval(timer)
      await looking
      if (fence === undefined) return
      const mine = fence
      fence = undefined
      await db.write
        .transaction()
        .execute((trx) =>
          trx
            .updateTable('lease')
            .set({ until: 0 })
            .where('name', '=', name)
            .where('holder', '=', id)
            .where('fence', '=', mine)
            .execute(),
        )
        .catch(() => {})
    },
  }
}
