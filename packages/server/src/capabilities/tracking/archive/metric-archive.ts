import type { Trx } from '../../../kernel/db/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { trackingErrors } from '../errors.ts'
import { requireRun } from '../runs.ts'
import { drainSeries } from '../trash/drain-series.ts'
import { type ArchivedRun, type ArchiveRunDeps, archiveRun } from './archive-run.ts'
import './tables.ts'

/** Moves the metric points of runs that ended some time ago from the database to Parquet files in the object store. */
export interface MetricArchive {
  /** Queues the daily look for what is old enough; takes it back where everything stays in the database. */
  schedule(): Promise<void>
  /** Moves what is old enough now, in every project; returns how many runs were moved. */
  run(signal?: AbortSignal): Promise<number>
  /** Moves the points of one ended run now, whatever its age and size. */
  archive(scope: Scope, run: string): Promise<ArchivedRun>
}

const jobKind = 'tracking.archive-metrics'
const drainKind = 'tracking.drain-metrics'
const everywhere = '*'
const dayMs = 86_400_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** A file of fewer points is larger than their rows. */
const leastPoints = 1000
const runsAtOnce = 200
/** Runs that one turn moves; the next turn follows soon. */
const runsATurn = 500

type Deps = ArchiveRunDeps & Pick<Kernel, 'jobs' | 'config' | 'logger' | 'replicas'>

export function createMetricArchive(deps: Deps): MetricArchive {
  const { db, jobs, clock, config, logger, replicas } = deps
  /** While a program of another version serves beside this one: it may not know of files, and would find no points. */
  const isMixed = (): boolean => replicas.others().some(({ version }) => version !== replicas.version())

  const turn = async (most: number, signal?: AbortSignal): Promise<number> => {
    if (config.metricHotDays === 0 || isMixed()) return 0
    const before = clock() - config.metricHotDays * dayMs
    let moved = 0
    for (const { id: project } of await db.read.selectFrom('project').select('id').execute()) {
      for (let after = ''; moved < most; ) {
        signal?.throwIfAborted()
        const runs = await oldRuns(db.read, project, before, after)
        const last = runs.at(-1)
        if (!last) break
        after = last.id
        for (const { id, points } of runs) {
          if (moved >= most) break
          signal?.throwIfAborted()
          if (points < leastPoints) continue
          try {
            if (await archiveRun(deps, project, id, signal)) moved += 1
          } catch (error) {
            if (signal?.aborted) throw error
            // One run that cannot be moved holds up no other one.
            logger.error({ err: error, project, run: id }, 'metric points of a run could not be moved')
          }
          await drainSeries(db, signal)
        }
      }
    }
    await drainSeries(db, signal)
    return moved
  }
  const enqueue = (trx: Trx, notBefore: number): Promise<unknown> =>
    jobs.enqueue(trx, { project: everywhere, kind: jobKind, key: 'schedule', input: {}, notBefore })

  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: async (job) => {
      const moved = await turn(runsATurn, job.signal)
      if (moved > 0) logger.info({ runs: moved }, 'moved metric points of ended runs to Parquet files')
      if (config.metricHotDays > 0)
        await job.complete((trx) =>
          enqueue(trx, clock() + (moved < runsATurn ? (isMixed() ? hourMs : dayMs) : minuteMs)),
        )
    },
    onFailed: async (trx) => void (await enqueue(trx, clock() + dayMs)),
  })

  jobs.handle({
    kind: drainKind,
    concurrency: 1,
    background: true,
    handle: (job) => drainSeries(db, job.signal),
  })

  return {
    run: (signal) => turn(Number.POSITIVE_INFINITY, signal),
    schedule: () =>
      db.write.transaction().execute(async (trx) => {
        // Not at once: beside a server that is being replaced it would take points from that one's sight.
        if (config.metricHotDays > 0) await enqueue(trx, clock() + hourMs)
        else await jobs.withdraw(trx, { project: everywhere, kind: jobKind, key: 'schedule' })
      }),
    archive: async ({ project }, run) => {
      const { status } = await requireRun(db.read, project, run)
      if (status === 'RUNNING' || status === 'SCHEDULED') throw trackingErrors.RUN_NOT_ENDED(run)
      if (isMixed()) throw trackingErrors.OTHER_RELEASE()
      const done = (await archiveRun(deps, project, run)) ?? { points: 0, bytes: 0 }
      // Rows that nobody reads any more: whoever asks does not wait for them.
      const waiting = { project: everywhere, kind: drainKind, key: 'once', input: {} }
      await db.write.transaction().execute((trx) => jobs.enqueue(trx, waiting))
      return done
    },
  }
}

/** Ended runs by id, and how many of their points are in the table. One whose file is new is left: more may come. */
async function oldRuns(
  db: Kernel['db']['read'],
  project: string,
  before: number,
  after: string,
): Promise<{ id: string; points: number }[]> {
  const runs = await db
    .selectFrom('run')
    .leftJoin('metric_archive as a', (join) =>
      join.onRef('a.project_id', '=', 'run.project_id').onRef('a.run_id', '=', 'run.id'),
    )
    .select(['run.id', 'run.status', 'run.end_time', 'a.archived_at', 'a.points'])
    .select((e) =>
      e
        .selectFrom('run_metric as m')
        .select((m) => m.fn.sum<number>('m.count').as('count'))
        .whereRef('m.project_id', '=', 'run.project_id')
        .whereRef('m.run_id', '=', 'run.id')
        .as('count'),
    )
    .where('run.project_id', '=', project)
    .where('run.id', '>', after)
    .orderBy('run.id')
    .limit(runsAtOnce)
    .execute()
  return runs.map(({ id, status, end_time, archived_at, points, count }) => ({
    id,
    points:
      status !== 'RUNNING' &&
      status !== 'SCHEDULED' &&
      end_time !== null &&
      end_time <= before &&
      (archived_at === null || archived_at <= before)
        ? Number(count ?? 0) - Number(points ?? 0)
        : 0,
  }))
}
