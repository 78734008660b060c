import type { BreakGlass } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { holds, type Scope } from '../../kernel/principal/index.ts'
import { capabilityErrors } from './errors.ts'
import type { BreakGlassTable } from './tables.ts'

const endJob = 'access.end-break-glass'

/** An administrator's permissions in one project for some minutes, with a reason that everybody sees. */
export interface BreakGlasses {
  start(scope: Scope, input: { reason: string; minutes: number }): Promise<BreakGlass>
  list(scope: Scope): Promise<BreakGlass[]>
  end(scope: Scope, id: string): Promise<BreakGlass>
}

export function createBreakGlasses({
  db,
  clock,
  events,
  jobs,
}: Pick<Kernel, 'db' | 'clock' | 'events' | 'jobs'>): BreakGlasses {
  const present = async (rows: readonly BreakGlassTable[]): Promise<BreakGlass[]> => {
    const ids = [
      ...new Set(rows.flatMap((row) => [row.principal_id, ...(row.ended_by === null ? [] : [row.ended_by])])),
    ]
    const people =
      ids.length === 0
        ? []
        : await db.read.selectFrom('principal').select(['id', 'name']).where('id', 'in', ids).execute()
    const names = new Map(people.map(({ id, name }) => [id, name]))
    return rows.map((row) => ({
      id: row.id,
      urn: urn(row.project_id, 'break-glass', row.id),
      principal: row.principal_id,
      principalName: names.get(row.principal_id) ?? row.principal_id,
      reason: row.reason,
      startedAt: row.started_at,
      endsAt: row.ended_at ?? row.ends_at,
      active: row.ended_at === null && row.ends_at > clock(),
      endedByName: row.ended_by === null ? null : (names.get(row.ended_by) ?? row.ended_by),
    }))
  }
  const close = async (
    trx: Trx,
    project: string,
    id: string,
    by: string,
    early: boolean,
  ): Promise<BreakGlassTable | undefined> => {
    const row = await trx
      .updateTable('break_glass')
      .set({ ended_at: clock(), ended_by: early ? by : null })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returningAll()
      .executeTakeFirst()
    if (!row) return undefined
    await events.append(trx, {
      project,
      name: 'break-glass.ended',
      schema: 1,
      by,
      subject: urn(project, 'break-glass', id),
      refs: [],
      data: { early },
    })
    return row
  }
  jobs.handle({
    kind: endJob,
    concurrency: 1,
    background: true,
    handle: (job) =>
      job.complete(async (trx) => void (await close(trx, job.project, job.input.id, 'system:access', false))),
  })
  return {
    start: async ({ project, principal }, { reason, minutes }) => {
      if (principal.kind !== 'person' || principal.narrowed) throw capabilityErrors.GLASS_FOR_PEOPLE()
      const now = clock()
      const row = {
        id: newId('brg'),
        project_id: project,
        principal_id: principal.id,
        reason,
        started_at: now,
        ends_at: now + minutes * 60_000,
        ended_at: null,
        ended_by: null,
      }
      await db.write.transaction().execute(async (trx) => {
        const active = await trx
          .selectFrom('break_glass')
          .select('ends_at')
          .where('project_id', '=', project)
          .where('principal_id', '=', principal.id)
          .where('ended_at', 'is', null)
          .where('ends_at', '>', now)
          .executeTakeFirst()
        if (active) throw capabilityErrors.GLASS_BROKEN(new Date(active.ends_at).toISOString())
        await trx.insertInto('break_glass').values(row).execute()
        await jobs.enqueue(trx, { project, kind: endJob, input: { id: row.id }, key: row.id, notBefore: row.ends_at })
        await events.append(trx, {
          project,
          name: 'break-glass.started',
          schema: 1,
          by: principal.id,
          subject: urn(project, 'break-glass', row.id),
          refs: [],
          data: { reason, minutes, endsAt: row.ends_at },
        })
      })
      const [made] = await present([row])
      if (!made) throw capabilityErrors.GLASS_NOT_FOUND(row.id)
      return made
    },
    list: async ({ project }) =>
      present(
        await db.read
          .selectFrom('break_glass')
          .selectAll()
          .where('project_id', '=', project)
          .orderBy('started_at', 'desc')
          .orderBy('id')
          .limit(100)
          .execute(),
      ),
    end: async ({ project, principal }, id) => {
      const row = await db.read
        .selectFrom('break_glass')
        .selectAll()
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirst()
      if (!row) throw capabilityErrors.GLASS_NOT_FOUND(id)
      if (row.principal_id !== principal.id && !holds(principal, project, 'project:admin'))
        throw capabilityErrors.GLASS_NOT_YOURS()
      const ended = await db.write.transaction().execute((trx) => close(trx, project, id, principal.id, true))
      const [shown] = ended ? await present([ended]) : []
      if (!shown) throw capabilityErrors.GLASS_NOT_FOUND(id)
      return shown
    },
  }
}
