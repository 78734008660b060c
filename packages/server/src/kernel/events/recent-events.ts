import type { SealedEvent } from '@trivium/contract'
import { type EventTable, sealedEventOf } from './event-log.ts'

const most = 2000
/** More text than this in one batch is not kept; whoever wants it reads the database. */
const mostCharacters = 2_000_000

/**
 * The events that this server has sealed just now, for its consumers: eight that follow the same events need not ask the database for them eight times. Nothing relies
 * on it: what it does not hold is read.
 */
export interface RecentEvents {
  /** From now on events are kept, until they are forgotten. */
  keep(): void
  /** These are sealed, and that is committed. */
  add(rows: readonly EventTable[]): void
  /** The newest number, whoever gave it. */
  note(head: number): void
  /** The events after `seq`, oldest first; empty when there are none; undefined when that is not known here. */
  after(seq: number, limit: number): SealedEvent[] | undefined
  /** Lets go of the events up to `seq`, which everybody has read. */
  forget(seq: number): void
}

export function createRecentEvents(): RecentEvents {
  let keeps = false
  let head: number | undefined
  let held: SealedEvent[] = []
  /** The number before the first that is held. */
  let before = 0
  const end = () => held.at(-1)?.seq ?? before
  return {
    keep: () => {
      keeps = true
    },
    add: (rows) => {
      const first = rows[0]?.seq
      if (!keeps || first === undefined || first === null) return
      if (rows.reduce((sum, row) => sum + row.refs.length + row.data.length, 0) > mostCharacters) {
        held = []
        return
      }
      if (held.length === 0 || end() !== first - 1) {
        held = []
        before = first - 1
      }
      held.push(...rows.map(frozenEventOf))
      if (held.length > most) {
        held = held.slice(-most)
        before = (held[0]?.seq ?? 1) - 1
      }
    },
    note: (seq) => {
      head = seq
    },
    after: (seq, limit) => {
      if (head !== undefined && seq >= head) return []
      if (held.length === 0 || seq < before || seq >= end()) return undefined
      const start = held.findLastIndex((event) => event.seq <= seq) + 1
      return held.slice(start, start + limit)
    },
    forget: (seq) => {
      if (held.length > 0 && end() <= seq) held = []
    },
  }
}

/** Several read the same object; nobody changes it. */
function frozenEventOf(row: EventTable): SealedEvent {
  const event = sealedEventOf(row)
  Object.freeze(event.refs)
  Object.freeze(event.data)
  return Object.freeze(event)
}
