import type { Database, Reader } from '../db/index.ts'
import { asReader } from '../db/index.ts'
import { defineErrors } from '../errors/index.ts'
import type { EventLog, Sequencer } from '../events/index.ts'
import { urn } from '../ids/index.ts'
import type { Scope } from '../principal/index.ts'
import type { Clock } from './clock.ts'

declare module '../db/database.ts' {
  interface Tables {
    watermark: { project_id: string; at: number; mode: 'wall' | 'replay'; updated_at: number }
  }
}

export const watermarkErrors = defineErrors('WATERMARK', {
  BACKWARDS: {
    status: 409,
    message: (to: string, at: string) => `Event time only moves forward: ${to} is before ${at}.`,
  },
})

/** Names what still has to finish in a project before event time may move: a consumer that lags, a job, a run, a decision. Empty when there is nothing. */
export type Blocker = (project: string) => Promise<string[]>

/**
 * How far event time has come in each project. Windows, schedules and cooldowns fire when it passes. A project follows the wall clock until somebody
 * moves its watermark by hand (a replay); from then on only such moves count, and each waits until everything that the last one caused is done.
 */
export interface Watermark {
  /** Event time now, as rows known to `db` say. */
  read(db: Reader, project: string): Promise<{ at: number; mode: 'wall' | 'replay' }>
  /** Adds a reason to wait. Registered once at start by each capability that works on events. */
  addBlocker(blocker: Blocker): void
  /** Everything that waits, in the order in which the reasons were added. Asking also commits what lies in ledgers. */
  blockers(project: string): Promise<string[]>
  /** Waits up to `waitMs` until the project is settled. */
  settle(project: string, waitMs: number): Promise<string[]>
  /** Settles, moves to `to` and settles again. `advanced` is false when the first wait ran out; calling again with the same `to` continues. */
  advance(
    scope: Scope,
    to: number,
    waitMs: number,
  ): Promise<{ at: number; advanced: boolean; settled: boolean; blockers: string[] }>
}

const pollMs = 15

export function createWatermark({
  db,
  clock,
  events,
  sequencer,
}: {
  db: Database
  clock: Clock
  events: EventLog
  sequencer: Pick<Sequencer, 'flush'>
}): Watermark {
  const registered: Blocker[] = []

  async function read(reader: Reader, project: string): Promise<{ at: number; mode: 'wall' | 'replay' }> {
    const row = await reader
      .selectFrom('watermark')
      .select(['at', 'mode'])
      .where('project_id', '=', project)
      .executeTakeFirst()
    return row?.mode === 'replay' ? { at: row.at, mode: 'replay' } : { at: clock(), mode: 'wall' }
  }

  async function blockers(project: string): Promise<string[]> {
    await sequencer.flush()
    const found: string[] = []
    for (const blocker of registered) found.push(...(await blocker(project)))
    return found
  }

  const newestEvent = async (project: string): Promise<number> => {
    await sequencer.flush()
    const row = await db.read
      .selectFrom('event')
      .select((e) => e.fn.max('seq').as('seq'))
      .where('project_id', '=', project)
      .executeTakeFirst()
    return Number(row?.seq ?? 0)
  }

  async function settle(project: string, waitMs: number): Promise<string[]> {
    const until = Date.now() + waitMs
    for (;;) {
      // Work that finished between two of the checks may have caused more: only a look during which nothing happened counts.
      const before = await newestEvent(project)
      const found = await blockers(project)
      const quiet = found.length === 0 && (await newestEvent(project)) === before
      if (quiet) return []
      if (Date.now() >= until) return found.length > 0 ? found : ['events still come']
      await new Promise((resolve) => setTimeout(resolve, found.length > 0 ? pollMs : 0))
    }
  }

  return {
    read,
    addBlocker: (blocker) => void registered.push(blocker),
    blockers,
    settle,
    advance: async (scope, to, waitMs) => {
      const { project } = scope
      const started = Date.now()
      const before = await read(db.read, project)
      const held = before.mode === 'replay' && before.at === to ? [] : await settle(project, waitMs)
      if (held.length > 0) return { at: before.at, advanced: false, settled: false, blockers: held }
      const at = await db.write.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('watermark').selectAll().where('project_id', '=', project).executeTakeFirst()
        if (row?.mode === 'replay' && to < row.at)
          throw watermarkErrors.BACKWARDS(new Date(to).toISOString(), new Date(row.at).toISOString())
        if (row?.mode === 'replay' && to === row.at) return row.at
        const next = { at: to, mode: 'replay' as const, updated_at: clock() }
        const moved = await trx
          .insertInto('watermark')
          .values({ project_id: project, ...next })
          // Two moves at the same time: the later one does not go back.
          .onConflict((c) => c.column('project_id').doUpdateSet(next).where('watermark.at', '<', to))
          .returning('at')
          .executeTakeFirst()
        if (!moved) return (await read(asReader(trx), project)).at
        await events.append(trx, {
          project,
          name: 'watermark.advanced',
          schema: 1,
          by: scope.principal.id,
          subject: urn(project, 'project', project),
          refs: [],
          eventTime: to,
          data: { from: row?.mode === 'replay' ? row.at : null, to },
        })
        return (await read(asReader(trx), project)).at
      })
      const left = await settle(project, Math.max(0, waitMs - (Date.now() - started)))
      return { at, advanced: true, settled: left.length === 0, blockers: left }
    },
  }
}
