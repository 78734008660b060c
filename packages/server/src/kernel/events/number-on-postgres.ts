import { CompiledQuery, sql } from 'kysely'
import { type Database, preparedMark, type Trx } from '../db/index.ts'
import type { EventBatchTable } from './event-batch.ts'
import { eventColumns, type EventTable } from './event-log.ts'
import { type ChainEnds, nextBatches, sealEvents, sequencerLock } from './seal-events.ts'

const mostPerRound = 1000

/** What one round of the sequencer found and did. */
export interface Round {
  /** The newest number, whoever gave it. */
  readonly head: number
  /** Whether this server was the one who could number. */
  readonly mine: boolean
  /** Whether there are committed events that wait for a number, because an older transaction is still open or because they are too many. */
  readonly left: boolean
  /** What was numbered and sealed; visible after the commit. */
  readonly sealed: readonly EventTable[]
  /** No event of a transaction before this one waits for a number, or will; 0 where that is not known. Holds after the commit. */
  readonly before: number
}

/**
 * The lock is tried in a statement of its own, so that the snapshot of the next one is younger than the lock: what the one before us has numbered is seen. The number of rows
 * is small beside the table, whatever the planner believes, and rows that are gone are passed by only where they are looked for by the index. So nothing is planned twice.
 */
const lock = CompiledQuery.raw(
  `select set_config('trivium.numbers', pg_try_advisory_xact_lock(${sequencerLock})::text, true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true)`,
)

const mine = `current_setting('trivium.numbers') = 'true'`
const horizon = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint'

/** Numbers what a program before the table of waiting events has appended, which may run beside this one; `sealEvents` seals it. */
const numberOldRows = CompiledQuery.raw(`
  with picked as materialized (
    select id, row_number() over (order by xid, id) as place from event
    where seq is null and xid < (select ${horizon}) and (select ${mine})
    order by xid, id limit ${mostPerRound}
  ),
  numbered as (
    update event set seq = (select last_seq from event_head) + picked.place from picked where event.id = picked.id
    returning 1
  )
  update event_head set last_seq = last_seq + (select count(*) from numbered) where exists (select 1 from numbered)`)

type Numbered = { mine: boolean; head: number; sealed_head: number; horizon: number; waits: boolean } & (
  | (EventTable & { batches: number | null; digest: string | null })
  | { [column in keyof EventTable]: null }
)

const columnsOf = (table: string): string =>
  eventColumns
    .split(', ')
    .map((column) => `${table}.${column}`)
    .join(', ')

/**
 * Moves what waits to its place. Takes only rows whose transaction is older than every open one: a row that commits late can then never land behind a number that
 * was read.
 */
const numberRows = `${preparedMark}
  with head as materialized (
    select last_seq, sealed_seq, ${mine} as mine, ${horizon} as horizon from event_head
  ),
  gone as (
    delete from event_waiting where ctid = any(array(
      select ctid from event_waiting
      where xid >= $1::bigint and xid < (select horizon from head) and (select mine from head)
      order by xid, id limit ${mostPerRound}
    ))
    returning *
  ),
  numbered as (
    insert into event (seq, ${eventColumns})
    select (select last_seq from head) + row_number() over (order by xid, id), ${eventColumns} from gone
    returning *
  )
  select head.mine, head.last_seq as head, head.sealed_seq as sealed_head, head.horizon,
    exists (select 1 from event_waiting where xid >= (select horizon from head)) as waits,
    numbered.seq, ${columnsOf('numbered')}, event_chain.batches, event_chain.digest
  from head left join numbered on true left join event_chain on event_chain.project_id = numbered.project_id
  order by numbered.seq`

/** One round inside a transaction: numbers what can be numbered, and seals it. In three messages to the database, the commit included. */
export async function numberOnPostgres(db: Database, trx: Trx, from = 0): Promise<Round> {
  await db.later(trx, lock)
  await db.later(trx, numberOldRows)
  const { rows } = await trx.executeQuery<Numbered>(CompiledQuery.raw(numberRows, [from]))
  const [first] = rows
  if (!first) throw new Error('The row of event_head is missing.')
  const sealed = rows.filter((row) => row.id !== null)
  const head = first.head + sealed.length
  const full = sealed.length === mostPerRound
  const round = {
    head,
    mine: first.mine,
    left: first.waits || full,
    sealed,
    before: !first.mine ? 0 : full ? (sealed.at(-1)?.xid ?? 0) : first.horizon,
  }
  if (first.mine && first.sealed_head !== first.head) {
    // What a program before this one has left is sealed first.
    await trx.updateTable('event_head').set({ last_seq: head }).execute()
    while ((await sealEvents(trx)).more);
  } else if (sealed.length > 0) {
    const ends: ChainEnds = new Map()
    for (const { project_id, batches, digest } of sealed)
      if (batches !== null && digest !== null) ends.set(project_id, { batches, digest })
    await writeBatches(db, trx, nextBatches(sealed, ends), head)
  }
  return round
}

async function writeBatches(db: Database, trx: Trx, batches: readonly EventBatchTable[], head: number): Promise<void> {
  const rows = batches.map((b) => {
    const numbers = sql`${b.number}::bigint, ${b.first_seq}::bigint, ${b.last_seq}::bigint, ${b.events}::integer`
    return sql`(${b.project_id}, ${numbers}, ${b.previous}, ${b.digest}, ${b.members})`
  })
  const statement = sql`
    with made (project_id, number, first_seq, last_seq, events, previous, digest, members) as (values ${sql.join(rows)}),
    batch as (insert into event_batch (project_id, number, first_seq, last_seq, events, previous, digest, members) select * from made),
    chain as (
      insert into event_chain (project_id, batches, events, last_seq, digest, checkpoint_batch, checkpoint_events, checkpoint_at)
      select project_id, number, events, last_seq, digest, 0, 0, 0 from made
      on conflict (project_id) do update set batches = excluded.batches, events = event_chain.events + excluded.events,
        last_seq = excluded.last_seq, digest = excluded.digest
    )
    update event_head set last_seq = ${head}::bigint, sealed_seq = ${head}::bigint`
  await db.later(trx, statement.compile(trx))
}
