import { sql } from 'kysely'
import type { Database, Trx } from '../db/index.ts'
import { type BatchMember, batchDigest, type EventBatchTable, membersText, noBatch } from './event-batch.ts'
import { eventDigest } from './canonical-event.ts'
import { eventColumns, type EventTable } from './event-log.ts'

const mostPerBatch = 1000
/** The advisory lock of the one who numbers and seals on Postgres. */
export const sequencerLock = 741852964

/**
 * Seals up to a thousand numbered events: one batch for each project among them, chained to the project's batch before. Whoever calls it holds what makes
 * him the only one who numbers (the writer of SQLite, the advisory lock of Postgres), so that one chain comes out however often that changes hands.
 */
export async function sealEvents(trx: Trx): Promise<{ sealed: number; more: boolean; rows: readonly EventTable[] }> {
  const head = await trx.selectFrom('event_head').select(['last_seq', 'sealed_seq']).executeTakeFirstOrThrow()
  if (head.sealed_seq >= head.last_seq) return { sealed: 0, more: false, rows: [] }
  const rows = await trx
    .selectFrom('event')
    .selectAll()
    .where('seq', '>', head.sealed_seq)
    .where('seq', '<=', head.last_seq)
    .orderBy('seq')
    .limit(mostPerBatch)
    .execute()
  // A number without a row is no reason to stop: what is there is sealed, and `verify` tells of the gap.
  const end = rows.length < mostPerBatch ? head.last_seq : (rows.at(-1)?.seq ?? head.last_seq)
  await append(trx, rows)
  await trx.updateTable('event_head').set({ sealed_seq: end }).execute()
  return { sealed: rows.length, more: end < head.last_seq, rows }
}

/** On SQLite: what a database had left without a number from which this one was restored is numbered by the next commit. */
async function waitAgain(trx: Trx): Promise<void> {
  const columns = sql.raw(eventColumns)
  await sql`insert into event_waiting (${columns}) select ${columns} from event where seq is null order by rowid`.execute(
    trx,
  )
  await trx.deleteFrom('event').where('seq', 'is', null).execute()
}

/** Seals everything that is numbered, a thousand events a transaction: what an earlier version of the program has left. */
export async function sealBacklog(db: Database): Promise<number> {
  let total = 0
  if (db.dialect === 'sqlite') await db.write.transaction().execute(waitAgain)
  for (;;) {
    const { sealed, more } = await db.write.transaction().execute(async (trx) => {
      if (db.dialect === 'postgres') await sql`select pg_advisory_xact_lock(${sequencerLock})`.execute(trx)
      return sealEvents(trx)
    })
    total += sealed
    if (!more) return total
  }
}

/** Where the chains of some projects end, by project; a project without a chain is not among them. */
export type ChainEnds = Map<string, { readonly batches: number; readonly digest: string }>

export async function readChainEnds(trx: Trx, projects: readonly string[]): Promise<ChainEnds> {
  if (projects.length === 0) return new Map()
  const rows = await trx
    .selectFrom('event_chain')
    .select(['project_id', 'batches', 'digest'])
    .where('project_id', 'in', projects)
    .execute()
  return new Map(rows.map(({ project_id, ...end }) => [project_id, end]))
}

/** The batches that these events make, one for each project, chained to where its chain ends. */
export function nextBatches(rows: readonly EventTable[], ends: ChainEnds): EventBatchTable[] {
  return [...Map.groupBy(rows, (row) => row.project_id)].map(([project, events]) => {
    const end = ends.get(project)
    return makeBatch(project, (end?.batches ?? 0) + 1, end?.digest ?? noBatch, events)
  })
}

async function append(trx: Trx, rows: readonly EventTable[]): Promise<void> {
  if (rows.length === 0) return
  const ends = await readChainEnds(trx, [...new Set(rows.map((row) => row.project_id))])
  const batches = nextBatches(rows, ends)
  for (const batch of batches) {
    const standing = { batches: batch.number, last_seq: batch.last_seq, digest: batch.digest }
    if (ends.has(batch.project_id))
      await trx
        .updateTable('event_chain')
        .set((e) => ({ ...standing, events: e('events', '+', batch.events) }))
        .where('project_id', '=', batch.project_id)
        .execute()
    else
      await trx
        .insertInto('event_chain')
        .values({
          project_id: batch.project_id,
          ...standing,
          events: batch.events,
          checkpoint_batch: 0,
          checkpoint_events: 0,
          checkpoint_at: 0,
          verified_at: null,
          verified_seq: null,
          verified_problems: null,
        })
        .execute()
  }
  await trx.insertInto('event_batch').values(batches).execute()
}

function makeBatch(project: string, number: number, previous: string, events: readonly EventTable[]): EventBatchTable {
  const list: BatchMember[] = events.map((row) => ({ seq: row.seq ?? 0, id: row.id, digest: eventDigest(row) }))
  const batch = {
    project_id: project,
    number,
    first_seq: list[0]?.seq ?? 0,
    last_seq: list.at(-1)?.seq ?? 0,
    events: list.length,
    previous,
    members: membersText(list),
  }
  return { ...batch, digest: batchDigest(batch) }
}
