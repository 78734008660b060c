import type { EventRef, SealedEvent } from '@trivium/contract'
import { sql } from 'kysely'
import type { Clock } from '../clock/clock.ts'
import type { Database, Reader, Trx } from '../db/index.ts'
import { newId, urn } from '../ids/index.ts'
import { actingUnder } from '../principal/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    event: EventTable
    /** The newest number, and the newest that is sealed in the chain of its project. */
    event_head: { id: number; last_seq: number; sealed_seq: number }
  }
}

export interface EventTable {
  id: string
  /** null until sealed */
  seq: number | null
  project_id: string
  name: string
  schema_version: number
  at: number
  event_time: number | null
  by: string
  subject: string
  refs: string
  data: string
  /** Postgres: the transaction that wrote the row; 0 on SQLite. */
  xid: number
}

/** What a change of state says about itself: ids, names, tags and digests, never personal data. */
export interface NewEvent {
  project: string
  /** noun.verb; a name is never reused for something else */
  name: string
  schema: number
  by: string
  subject: string
  refs: EventRef[]
  data: Record<string, unknown>
  /** When it happened in event time, where that differs from the recording time. */
  eventTime?: number
}

export interface EventLog {
  /** Writes the event in the transaction that makes the change. It is seen by nobody before it is sealed. */
  append(trx: Trx, event: NewEvent): Promise<string>
  /** Sealed events after `seq`, oldest first. */
  readAfter(db: Reader, seq: number, limit: number, filter?: { project?: string }): Promise<SealedEvent[]>
  /** The newest sealed sequence number. */
  head(db: Reader): Promise<number>
}

export function createEventLog({
  db,
  clock,
  check,
}: {
  db: Database
  clock: Clock
  /** Throws for an event that does not say what its public schema says; tests give it. */
  check?: ((event: NewEvent) => void) | undefined
}): EventLog {
  const readTransactionId = async (trx: Trx): Promise<number> => {
    if (db.dialect === 'sqlite') return 0
    const { rows } = await sql<{ xid: string }>`select pg_current_xact_id()::text as xid`.execute(trx)
    return Number(rows[0]?.xid)
  }
  return {
    append: async (trx, event) => {
      check?.(event)
      const id = newId('evt')
      const under = actingUnder.getStore()
      const marked = under?.project === event.project && under.principal === event.by
      await trx
        .insertInto('event')
        .values({
          id,
          seq: null,
          project_id: event.project,
          name: event.name,
          schema_version: event.schema,
          at: clock(),
          event_time: event.eventTime ?? null,
          by: event.by,
          subject: event.subject,
          refs: JSON.stringify(
            marked
              ? [...event.refs, { rel: 'about', urn: urn(under.project, 'break-glass', under.id), as: 'under' }]
              : event.refs,
          ),
          data: JSON.stringify(event.data),
          xid: await readTransactionId(trx),
        })
        .execute()
      return id
    },
    readAfter: async (reader, seq, limit, filter) => {
      let query = reader.selectFrom('event').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit)
      if (filter?.project !== undefined) query = query.where('project_id', '=', filter.project)
      return (await query.execute()).map(sealedEventOf)
    },
    head: async (reader) =>
      (await reader.selectFrom('event_head').select('last_seq').executeTakeFirst())?.last_seq ?? 0,
  }
}

/** The public form of a stored row. */
export function sealedEventOf(row: EventTable): SealedEvent {
  return {
    seq: row.seq ?? 0,
    id: row.id,
    project: row.project_id,
    name: row.name,
    schema: row.schema_version,
    at: row.at,
    eventTime: row.event_time,
    by: row.by,
    subject: row.subject,
    refs: JSON.parse(row.refs),
    data: JSON.parse(row.data),
  }
}
