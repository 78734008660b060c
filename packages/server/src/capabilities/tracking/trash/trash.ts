import type { TrashedExperiment, TrashedRun } from '@trivium/contract'
import { sql } from 'kysely'
import { asReader, type Trx } from '../../../kernel/db/index.ts'
import type { ClaimedJob } from '../../../kernel/jobs/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { trackingErrors } from '../errors.ts'
import { requireExperiment, type TrackingDeps } from '../experiments.ts'
import { drainHistograms } from '../histograms/drain-histograms.ts'
import { requireRun } from '../runs.ts'
import type { RunTable } from '../tables.ts'
import { drainSeries } from './drain-series.ts'
import { holderOfExperiment, type TrashPlace, trashedExperiments, trashedRuns } from './find-trash.ts'
import type { TrashHolders } from './held-runs.ts'
import { createSweep, type Old } from './sweep.ts'

export type TrashDeps = TrackingDeps & Pick<Kernel, 'jobs' | 'config' | 'logger'>

/** How many of what were removed, or are being removed. */
export interface Removed {
  readonly experiments: number
  readonly runs: number
}

/** Deleted experiments and runs: listed, removed by hand, and removed once they are older than the days that the server keeps them. */
export interface Trash {
  readonly keptDays: number
  experiments(scope: Scope): Promise<TrashedExperiment[]>
  runs(scope: Scope, page: { after?: TrashPlace; limit: number }): Promise<TrashedRun[]>
  /** Ids of deleted logged models of an experiment, in their order, after one of them. */
  deletedModels(scope: Scope, experiment: string, page: { limit: number; after: string }): Promise<string[]>
  /** Removes what is named, all of it or nothing; the rows of an experiment's runs go in the background. Throws for what is not deleted and for what something needs. */
  remove(scope: Scope, named: { experiments: readonly string[]; runs: readonly string[] }): Promise<Removed>
  /** Removes everything that nothing needs, in the background; says how much there is. */
  removeAll(scope: Scope): Promise<Removed>
  /** Queues the daily look for what is old enough. */
  schedule(): Promise<void>
  /** Removes what is old enough now, in every project. */
  expire(signal?: AbortSignal): Promise<Removed>
}

const dayMs = 86_400_000
const defaultId = '0'
const expireKind = 'tracking.expire-trash'
const removeKind = 'tracking.remove-trash'
const everywhere = '*'
const system = 'system:tracking'

export function createTrash(deps: TrashDeps, holders: TrashHolders): Trash {
  const { db, clock, jobs, config, logger } = deps
  const keptMs = config.trashDays * dayMs

  const sweep = createSweep(deps, holders)
  const enqueueRemoval = (trx: Trx, project: string, input: Removal): Promise<unknown> =>
    jobs.enqueue(trx, { project, kind: removeKind, key: input.before === undefined ? 'begun' : 'all', input })

  const expireProject = async (project: string, old: Old): Promise<Removed> => {
    const runs = await sweep.removeOldRuns(project, old)
    await sweep.removeOldModels(project, old)
    let experiments = 0
    for (const { id, deletedAt, heldBy, removing } of await trashedExperiments(db.read, project, { holders, keptMs })) {
      if (id === defaultId || heldBy !== null || (!removing && deletedAt > old.before)) continue
      old.signal?.throwIfAborted()
      await db.write.transaction().execute((trx) => sweep.beginExperiment(trx, project, id, old.by))
      await sweep.finishExperiment(project, id, old.signal)
      experiments += 1
    }
    return { experiments, runs }
  }
  const expire = async (signal?: AbortSignal): Promise<Removed> => {
    const sum = { experiments: 0, runs: 0 }
    if (keptMs === 0) return sum
    for (const { id } of await db.read.selectFrom('project').select('id').execute()) {
      const { experiments, runs } = await expireProject(id, { before: clock() - keptMs, by: system, signal })
      sum.experiments += experiments
      sum.runs += runs
    }
    await drainSeries(db, signal)
    await drainHistograms(db, signal)
    return sum
  }
  const enqueueExpiry = (trx: Trx, notBefore: number): Promise<unknown> =>
    jobs.enqueue(trx, { project: everywhere, kind: expireKind, key: 'schedule', input: {}, notBefore })

  jobs.handle({
    kind: expireKind,
    concurrency: 1,
    background: true,
    handle: async (job) => {
      const removed = await expire(job.signal)
      if (removed.experiments + removed.runs > 0)
        logger.info(removed, `removed what was in the trash for more than ${config.trashDays} days`)
      if (keptMs > 0) await job.complete((trx) => enqueueExpiry(trx, clock() + dayMs))
    },
    onFailed: async (trx) => void (await enqueueExpiry(trx, clock() + dayMs)),
  })
  jobs.handle({
    kind: removeKind,
    concurrency: 1,
    background: true,
    handle: async ({ project, input, signal }: ClaimedJob<Removal>) => {
      if (input.before !== undefined) await expireProject(project, { before: input.before, by: input.by, signal })
      const begun = await db.read
        .selectFrom('removed_experiment')
        .innerJoin('experiment', (join) =>
          join
            .onRef('experiment.project_id', '=', 'removed_experiment.project_id')
            .onRef('experiment.id', '=', 'removed_experiment.experiment_id'),
        )
        .select('experiment.id')
        .where('experiment.project_id', '=', project)
        .where('experiment.lifecycle', '=', 'deleted')
        .execute()
      for (const { id } of begun) await sweep.finishExperiment(project, id, signal)
      await drainSeries(db, signal)
      await drainHistograms(db, signal)
    },
  })

  return {
    keptDays: config.trashDays,
    experiments: (scope) => trashedExperiments(db.read, scope.project, { holders, keptMs }),
    runs: (scope, page) => trashedRuns(db.read, scope.project, page, { holders, keptMs }),
    deletedModels: async (scope, experiment, { limit, after }) => {
      await requireExperiment(deps, scope, experiment)
      const rows = await db.read
        .selectFrom('logged_model')
        .select('id')
        .where('project_id', '=', scope.project)
        .where('experiment_id', '=', experiment)
        .where('lifecycle', '=', 'deleted')
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(({ id }) => id)
    },
    remove: async (scope, named) => {
      const { project } = scope
      const by = scope.principal.id
      const ids = [...new Set(named.runs)]
      const experiments = [...new Set(named.experiments)]
      for (const id of experiments) {
        if (id === defaultId) throw trackingErrors.DEFAULT_STAYS()
        const { lifecycle, name } = await requireExperiment(deps, scope, id)
        if (lifecycle !== 'deleted') throw trackingErrors.NOT_IN_TRASH(`The experiment "${name}"`)
        const heldBy = await holderOfExperiment(db.read, project, id, holders)
        if (heldBy !== null) throw trackingErrors.IS_HELD(`The experiment "${name}"`, heldBy)
      }
      const held = await holders.runs(project, ids)
      for (const [id, heldBy] of held) throw trackingErrors.IS_HELD(`The run ${id}`, heldBy)
      return db.write.transaction().execute(async (trx) => {
        const runs: RunTable[] = []
        for (const id of ids) {
          const run = await requireRun(asReader(trx), project, id)
          if (run.lifecycle !== 'deleted') throw trackingErrors.NOT_IN_TRASH(`The run ${id}`)
          runs.push(run)
        }
        await sweep.removeRuns(trx, project, runs, by)
        let more = 0
        for (const id of experiments) more += await sweep.beginExperiment(trx, project, id, by)
        await enqueueRemoval(trx, project, { by })
        return { experiments: experiments.length, runs: runs.length + more }
      })
    },
    removeAll: async (scope) => {
      const { project } = scope
      const free = (await trashedExperiments(db.read, project, { holders, keptMs })).filter(
        ({ id, heldBy }) => heldBy === null && id !== defaultId,
      )
      const counted = await db.read
        .selectFrom('run')
        .select((e) => e.fn.countAll<number>().as('runs'))
        .where('project_id', '=', project)
        .where('lifecycle', '=', sql.lit('deleted' as const))
        .executeTakeFirst()
      await db.write
        .transaction()
        .execute((trx) => enqueueRemoval(trx, project, { by: scope.principal.id, before: clock() }))
      return { experiments: free.length, runs: Number(counted?.runs ?? 0) }
    },
    schedule: () =>
      db.write.transaction().execute(async (trx) => {
        if (keptMs > 0) await enqueueExpiry(trx, clock())
        else await jobs.withdraw(trx, { project: everywhere, kind: expireKind, key: 'schedule' })
      }),
    expire,
  }
}

/** What a removal in the background has to do: what was begun, and everything that was deleted up to a moment. */
interface Removal {
  readonly by: string
  readonly before?: number
}
