import { sql } from 'kysely'
import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { TrackingDeps } from '../experiments.ts'
import type { RunTable } from '../tables.ts'
import { runUrn } from '../urns.ts'
import type { TrashHolders } from './held-runs.ts'
import { removeLoggedModelRows, removeRunRows } from './remove-runs.ts'

/** The steps of a removal. Each is done some rows at a time and goes on where it was cut off. */
export interface Sweep {
  /** Removes runs in the transaction that says so. */
  removeRuns(trx: Trx, project: string, runs: readonly RunTable[], by: string): Promise<void>
  /** Removes the runs that were deleted up to a moment and that nothing holds. */
  removeOldRuns(project: string, old: Old): Promise<number>
  /** Removes the logged models that were deleted up to a moment and that nothing holds. */
  removeOldModels(project: string, old: Old): Promise<void>
  /** From here on an experiment cannot be restored; returns how many runs it has. */
  beginExperiment(trx: Trx, project: string, id: string, by: string): Promise<number>
  /** Removes all that an experiment has, and then itself: its name is free. */
  finishExperiment(project: string, id: string, signal?: AbortSignal): Promise<void>
}

/** Who removes what was deleted up to a moment. */
export interface Old {
  readonly before: number
  readonly by: string
  readonly signal?: AbortSignal | undefined
}

const atOnce = 100
const isDeleted = sql.lit('deleted' as const)

export function createSweep({ db, clock, events }: TrackingDeps, holders: TrashHolders): Sweep {
  const removeRuns: Sweep['removeRuns'] = async (trx, project, runs, by) => {
    await removeRunRows(trx, project, idsOf(runs))
    for (const { id, name } of runs)
      await events.append(trx, {
        project,
        name: 'run.removed',
        schema: 1,
        by,
        subject: runUrn(project, id),
        refs: [],
        data: { name },
      })
  }
  /** Those of the runs that nobody restored or removed since they were read. */
  const locked = async (trx: Trx, project: string, ids: readonly string[]): Promise<RunTable[]> => {
    if (ids.length === 0) return []
    const select = trx
      .selectFrom('run')
      .selectAll()
      .where('project_id', '=', project)
      .where('id', 'in', ids)
      .where('lifecycle', '=', isDeleted)
    return (db.dialect === 'postgres' ? select.forUpdate() : select).execute()
  }
  const removeModels = async (
    project: string,
    which: (select: ReturnType<typeof models>) => ReturnType<typeof models>,
    signal?: AbortSignal,
  ): Promise<void> => {
    for (let after = ''; ; ) {
      signal?.throwIfAborted()
      const ids = idsOf(await which(models(project, after)).execute())
      const last = ids.at(-1)
      if (last === undefined) return
      after = last
      const held = await holders.loggedModels(project, ids)
      const free = ids.filter((id) => !held.has(id))
      await db.write.transaction().execute((trx) => removeLoggedModelRows(trx, project, free))
    }
  }
  const models = (project: string, after: string) =>
    db.read
      .selectFrom('logged_model')
      .select('id')
      .where('project_id', '=', project)
      .where('id', '>', after)
      .orderBy('id')
      .limit(atOnce)

  return {
    removeRuns,
    removeOldRuns: async (project, { before, by, signal }) => {
      let removed = 0
      for (let at = -1, id = ''; ; ) {
        signal?.throwIfAborted()
        const runs = await db.read
          .selectFrom('run')
          .select(['id', 'deleted_at'])
          .where('project_id', '=', project)
          .where('lifecycle', '=', isDeleted)
          .where('deleted_at', '<=', before)
          .where(sql<boolean>`(deleted_at, id) > (${at}, ${id})`)
          .orderBy('deleted_at')
          .orderBy('id')
          .limit(atOnce)
          .execute()
        const last = runs.at(-1)
        if (!last) return removed
        at = Number(last.deleted_at)
        id = last.id
        const held = await holders.runs(project, idsOf(runs))
        const free = idsOf(runs).filter((run) => !held.has(run))
        removed += await db.write.transaction().execute(async (trx) => {
          const still = await locked(trx, project, free)
          await removeRuns(trx, project, still, by)
          return still.length
        })
      }
    },
    removeOldModels: (project, { before, signal }) =>
      removeModels(
        project,
        (select) =>
          select
            .where('lifecycle', '=', isDeleted)
            .where((e) => e(e.fn.coalesce('deleted_at', 'updated_at'), '<=', before)),
        signal,
      ),
    beginExperiment: async (trx, project, id, by) => {
      const { name, number } = await trx
        .selectFrom('experiment')
        .select(['name', 'number'])
        .where('project_id', '=', project)
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const begun = await trx
        .insertInto('removed_experiment')
        .values({ project_id: project, experiment_id: id, number, name, removed_at: clock() })
        .onConflict((c) => c.doNothing())
        .executeTakeFirst()
      const counted = await trx
        .selectFrom('run')
        .select((e) => e.fn.countAll<number>().as('runs'))
        .where('project_id', '=', project)
        .where('experiment_id', '=', id)
        .executeTakeFirst()
      const runs = Number(counted?.runs ?? 0)
      if (begun.numInsertedOrUpdatedRows !== 0n)
        await events.append(trx, {
          project,
          name: 'experiment.removed',
          schema: 1,
          by,
          subject: urn(project, 'experiment', id),
          refs: [],
          data: { name, runs },
        })
      return runs
    },
    finishExperiment: async (project, experiment, signal) => {
      for (;;) {
        signal?.throwIfAborted()
        const runs = await db.read
          .selectFrom('run')
          .select('id')
          .where('project_id', '=', project)
          .where('experiment_id', '=', experiment)
          .limit(atOnce)
          .execute()
        if (runs.length === 0) break
        await db.write.transaction().execute((trx) => removeRunRows(trx, project, idsOf(runs)))
      }
      await removeModels(project, (select) => select.where('experiment_id', '=', experiment), signal)
      await db.write.transaction().execute(async (trx) => {
        for (const table of ['experiment_tag', 'run_dataset'] as const)
          await trx
            .deleteFrom(table)
            .where('project_id', '=', project)
            .where('experiment_id', '=', experiment)
            .execute()
        await trx.deleteFrom('experiment').where('project_id', '=', project).where('id', '=', experiment).execute()
      })
    },
  }
}

const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map((row) => row.id)
