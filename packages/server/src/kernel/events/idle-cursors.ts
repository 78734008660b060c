import { sql } from 'kysely'
import type { Database } from '../db/index.ts'
import type { Consumer } from './consumers.ts'

const gatherMs = 25

/** Where a consumer of this process stands. */
export interface Standing {
  readonly consumer: Consumer
  /** The cursor in the database as we know it; undefined until it is read, and when somebody else has moved it. */
  stored: number | undefined
  /** How far it has read here. Beyond `stored` there was nothing that it wants. */
  read: number
  /** Whether a transaction of its own moves the cursor now. */
  handling: boolean
  registered: boolean
  wake(): void
}

/** Moves the cursors of consumers over events that they do not want, all in one statement, and not for each batch. */
export interface IdleCursors {
  /** Soon. */
  move(): void
  /** Now. A failure is no harm: the events are passed over once more. */
  flush(): Promise<void>
  /** When none is under way. */
  moved(): Promise<void>
}

export function createIdleCursors({ db, standings }: { db: Database; standings: readonly Standing[] }): IdleCursors {
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let last = -gatherMs

  const write = async (): Promise<void> => {
    const moves = standings.flatMap((standing) =>
      standing.stored === undefined || standing.handling || standing.read <= standing.stored
        ? []
        : [{ standing, from: standing.stored, to: standing.read }],
    )
    if (moves.length === 0) return
    last = performance.now()
    let names = new Set<string>()
    try {
      const rows = moves.map(
        ({ standing, from, to }) => sql`(${standing.consumer.name}, cast(${from} as bigint), cast(${to} as bigint))`,
      )
      const moved = await db.write.transaction().execute((trx) =>
        sql<{ name: string }>`
          update event_consumer set cursor = moved.column3, failed_at = null, error = null
          from (values ${sql.join(rows)}) as moved
          where event_consumer.name = moved.column1 and event_consumer.cursor = moved.column2
          returning event_consumer.name`.execute(trx),
      )
      names = new Set(moved.rows.map(({ name }) => name))
    } catch {
      // Whether they were moved is not known.
    }
    for (const { standing, to } of moves) {
      if (names.has(standing.consumer.name)) standing.stored = to
      else {
        standing.stored = undefined
        standing.wake()
      }
    }
  }

  const flush = async (): Promise<void> => {
    await running
    clearTimeout(timer)
    timer = undefined
    running ??= write().finally(() => {
      running = undefined
    })
    await running
  }
  return {
    move: () => {
      timer ??= setTimeout(() => void flush(), Math.max(1, last + gatherMs - performance.now()))
      timer.unref()
    },
    flush,
    moved: async () => {
      await running
    },
  }
}
