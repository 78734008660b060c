import type { ChainProblem } from '@trivium/contract'
import type { Reader } from '../db/index.ts'
import type { BlobStore, TableEngine } from '../ports/index.ts'
import { eventDigest } from './canonical-event.ts'
import { parseMembers } from './event-batch.ts'
import type { EventListInput } from './event-list-thread.ts'
import type { EventTable } from './event-log.ts'

declare module '../db/database.ts' {
  interface Tables {
    event_archive: EventArchiveTable
  }
}

/** A month of a project's events in the object store: whole batches of its chain, from `first_batch` to `last_batch`. */
export interface EventArchiveTable {
  project_id: string
  first_batch: number
  last_batch: number
  /** `2001-02`, by the clock of the server. */
  month: string
  first_seq: number
  last_seq: number
  first_at: number
  last_at: number
  events: number
  /** Digest of the Parquet file. */
  blob: string
  bytes: number
  archived_at: number
}

/** What reads archives. */
export interface ArchiveReader {
  readonly blobs: Pick<BlobStore, 'localPath'>
  readonly tables: Pick<TableEngine, 'query'>
}

/** The columns of an archive, in their order. */
export const archiveColumns = [
  { name: 'id', type: 'string' },
  { name: 'seq', type: 'integer' },
  { name: 'project_id', type: 'string' },
  { name: 'name', type: 'string' },
  { name: 'schema_version', type: 'integer' },
  { name: 'at', type: 'integer' },
  { name: 'event_time', type: 'integer' },
  { name: 'by', type: 'string' },
  { name: 'subject', type: 'string' },
  { name: 'refs', type: 'string' },
  { name: 'data', type: 'string' },
] as const
export const columnList = archiveColumns.map(({ name }) => `"${name}"`).join(', ')

/** So many events are hashed before others get their turn. */
const eventsAtOnce = 500
const batchesAtOnce = 100
const mostProblems = 100

/** Every archive of a project, oldest first. */
export const archivesOf = (db: Reader, project: string): Promise<EventArchiveTable[]> =>
  db.selectFrom('event_archive').selectAll().where('project_id', '=', project).orderBy('first_batch').execute()

/** Rows of an archive that a condition holds for, by sequence number. */
async function rowsOf(
  { blobs, tables }: ArchiveReader,
  archive: Pick<EventArchiveTable, 'project_id' | 'blob'>,
  {
    where,
    params,
    descending = false,
    limit,
  }: { where: string; params: (string | number)[]; descending?: boolean; limit: number },
): Promise<EventTable[]> {
  const path = await blobs.localPath(archive.project_id, archive.blob)
  const { rows } = await tables.query({
    sql: `select ${columnList} from events where ${where} order by seq ${descending ? 'desc' : 'asc'} limit ${limit}`,
    relations: { events: { format: 'parquet', files: [path] } },
    params,
    trusted: true,
    maxRows: limit,
  })
  return rows.map((row) => ({
    ...(Object.fromEntries(archiveColumns.map(({ name }, index) => [name, row[index]])) as Omit<EventTable, 'xid'>),
    xid: 0,
  }))
}

/** Rows of an archive that a list asks for; the same conditions as in the table. */
export function listArchived(
  reader: ArchiveReader,
  archive: EventArchiveTable,
  { project, limit, after, before, filter }: EventListInput,
): Promise<EventTable[]> {
  const { name, by, kind, subject, from, to } = filter
  const conditions: string[] = ['project_id = ?', 'seq > ?']
  const params: (string | number)[] = [project, after ?? 0]
  const add = (condition: string, ...values: (string | number)[]): void => {
    conditions.push(condition)
    params.push(...values)
  }
  if (before !== undefined) add('seq < ?', before)
  if (name !== undefined) {
    const names = name.split(',')
    add(`name in (${names.map(() => '?').join(', ')})`, ...names)
  }
  if (by !== undefined) add('"by" = ?', by)
  if (kind !== undefined) add('starts_with(subject, ?)', `trivium://${project}/${kind}/`)
  if (subject?.startsWith('trivium://')) add('subject = ?', subject)
  else if (subject !== undefined) add('contains(subject, ?)', subject)
  if (from !== undefined) add('"at" >= ?', from)
  if (to !== undefined) add('"at" < ?', to)
  return rowsOf(reader, archive, { where: conditions.join(' and '), params, descending: after === undefined, limit })
}

/**
 * Compares an archive with the batches that it stands for: every event is there as it was sealed, and no other one. What cannot be read is a problem too. The batches
 * themselves are compared by `verifyChain`.
 */
export async function compareArchive(
  reader: ArchiveReader & { readonly db: Reader },
  archive: EventArchiveTable,
): Promise<ChainProblem[]> {
  const { project_id: project, month } = archive
  const problems: ChainProblem[] = []
  const add = (kind: ChainProblem['kind'], detail: string, about: Partial<ChainProblem> = {}): void => {
    if (problems.length < mostProblems) problems.push({ kind, seq: null, event: null, batch: null, ...about, detail })
  }
  let [number, seq, seen] = [archive.first_batch - 1, archive.first_seq - 1, 0]
  try {
    for (;;) {
      const batches = await reader.db
        .selectFrom('event_batch')
        .select(['number', 'members', 'last_seq'])
        .where('project_id', '=', project)
        .where('number', '>', number)
        .where('number', '<=', archive.last_batch)
        .orderBy('number')
        .limit(batchesAtOnce)
        .execute()
      if (batches.length === 0) break
      number = batches.at(-1)?.number ?? number
      const members = batches.flatMap((batch) =>
        parseMembers(batch.members).map((member) => ({ ...member, batch: batch.number })),
      )
      for (let at = 0; at < members.length; at += eventsAtOnce) {
        const piece = members.slice(at, at + eventsAtOnce)
        const end = piece.at(-1)?.seq ?? seq
        const where = { where: 'seq > ? and seq <= ?', params: [seq, end], limit: piece.length + mostProblems }
        const rows = await rowsOf(reader, archive, where)
        seen += rows.length
        const bySeq = new Map(rows.map((row) => [row.seq, row]))
        for (const member of piece) {
          const row = bySeq.get(member.seq)
          bySeq.delete(member.seq)
          const about = { seq: member.seq, event: member.id, batch: member.batch }
          if (!row) add('removed', `Event ${member.seq} is missing in the archive of ${month}.`, about)
          else if (row.id !== member.id || eventDigest(row) !== member.digest)
            add('changed', `Event ${member.seq} was changed in the archive of ${month}.`, about)
        }
        for (const row of bySeq.values())
          add('inserted', `Event ${row.seq} in the archive of ${month} was never sealed.`, {
            seq: row.seq,
            event: row.id,
          })
        seq = end
      }
    }
    const others = await rowsOf(reader, archive, {
      where: 'seq < ? or seq > ? or seq is null',
      params: [archive.first_seq, archive.last_seq],
      limit: mostProblems,
    })
    for (const row of others)
      add('inserted', `Event ${row.seq} does not belong into the archive of ${month}.`, { seq: row.seq, event: row.id })
    if (seen !== archive.events && problems.length === 0)
      add('inserted', `The archive of ${month} holds some events twice.`, { seq: archive.first_seq })
  } catch (error) {
    add(
      'removed',
      `Events ${archive.first_seq} to ${archive.last_seq}, the archive of ${month}, cannot be read: ${(error as Error).message}`,
      { seq: archive.first_seq, batch: archive.first_batch },
    )
  }
  return problems
}

/** Up to which batch and event the archives go without a gap from the first on. */
export function archivedTo(archives: readonly EventArchiveTable[]): { batch: number; seq: number } {
  let to = { batch: 0, seq: 0 }
  for (const { first_batch, last_batch, last_seq } of archives) {
    if (first_batch !== to.batch + 1) break
    to = { batch: last_batch, seq: last_seq }
  }
  return to
}
