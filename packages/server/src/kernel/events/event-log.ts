import type { EventRef, SealedEvent } from '@trivium/contract'
import { CompiledQuery, sql } from 'kysely'
import type { Clock } from '../clock/clock.ts'
import type { Database, Reader, Trx } from '../db/index.ts'
import { newId, urn } from '../ids/index.ts'
import { actingUnder } from '../principal/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    event: EventTable
    /** Events without a number, which the sequencer moves to `event`. */
    event_waiting: Omit<EventTable, 'seq'>
    /** The newest number, and the newest that is sealed in the chain of its project. */
    event_head: { id: number; last_seq: number; sealed_seq: number }
  }
}

export interface EventTable {
  id: string
  /** null only where a program before the table of waiting events has appended it, and nobody has numbered it since */
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

/** All columns of an event but its number. */
export const eventColumns = 'id, project_id, name, schema_version, at, event_time, "by", subject, refs, data, xid'
const insertOn = {
  sqlite: `insert into event_waiting (${eventColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
  // The number of the transaction is asked for in the same breath.
  postgres: `insert into event_waiting (${eventColumns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, pg_current_xact_id()::text::bigint)`,
}

const appended = new WeakSet<Trx>()

/** Whether an event was appended in this transaction. */
export const hasEvents = (trx: Trx): boolean => appended.has(trx)

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
  const insert = insertOn[db.dialect]
  return {
    append: async (trx, event) => {
      check?.(event)
      const id = newId('evt')
      const under = actingUnder.getStore()
      const marked = under?.project === event.project && under.principal === event.by
      const refs = marked
        ? [...event.refs, { rel: 'about', urn: urn(under.project, 'break-glass', under.id), as: 'under' }]
        : event.refs
      const values = [
        id,
        event.project,
        event.name,
        event.schema,
        clock(),
        event.eventTime ?? null,
        event.by,
        event.subject,
        JSON.stringify(refs),
        JSON.stringify(event.data),
      ]
      await db.later(trx, CompiledQuery.raw(insert, values))
      appended.add(trx)
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

const knownColumns = [
  'id',
  'project_id',
  'name',
  'schema_version',
  'at',
  'event_time',
  'by',
  'subject',
  'refs',
  'data',
  'xid',
] as const

/** Every event that is committed, also one that has no number yet: for whoever must not miss what somebody did a moment ago. */
export const knownEvents = (db: Reader) =>
  db.selectFrom((e) =>
    e
      .selectFrom('event')
      .select([...knownColumns, 'seq'])
      .unionAll(
        e.selectFrom('event_waiting').select([...knownColumns, sql<number | null>`cast(null as bigint)`.as('seq')]),
      )
      .as('event'),
  )

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
