import type { Database } from '../db/index.ts'
import { type ArchiveReader, archivesOf, type EventArchiveTable, listArchived } from './event-archive.ts'
import type { EventListInput } from './event-list-thread.ts'
import type { EventTable } from './event-log.ts'

const module = new URL(`./event-list-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Events of a project from the table and, as far as the page goes back, from the archives of past months: each once, in order. */
export async function listEventRows(
  { db, ...reader }: ArchiveReader & { readonly db: Database },
  input: EventListInput,
): Promise<EventTable[]> {
  // A filter may pass over many rows until it has found enough.
  const bytes = await db.offload({ module, name: 'eventList', input })
  const rows = new Map((JSON.parse(new TextDecoder().decode(bytes)) as EventTable[]).map((row) => [row.seq ?? 0, row]))
  // After the rows: what is moved meanwhile is then in both, and counts once.
  const archives = await archivesOf(db.read, input.project)
  const rising = input.after !== undefined
  const sorted = (): EventTable[] =>
    [...rows.values()].toSorted((a, b) => (rising ? 1 : -1) * ((a.seq ?? 0) - (b.seq ?? 0))).slice(0, input.limit)
  for (const archive of rising ? archives : archives.toReversed()) {
    const page = sorted()
    const end = page.length < input.limit ? undefined : (page.at(-1)?.seq ?? undefined)
    if (!mayHold(archive, input, end)) continue
    for (const row of await listArchived(reader, archive, input)) rows.set(row.seq ?? 0, row)
  }
  return sorted()
}

/** Whether an archive can hold anything of the page; `end` is the last number of a full one. */
function mayHold(archive: EventArchiveTable, { after, before, filter }: EventListInput, end?: number): boolean {
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = filter
  if (archive.last_at < from || archive.first_at >= to) return false
  if (archive.last_seq <= (after ?? 0) || (before !== undefined && archive.first_seq >= before)) return false
  return end === undefined || (after === undefined ? archive.last_seq > end : archive.first_seq < end)
}
