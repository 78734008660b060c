import type { Monitor, MonitorDefinition, MonitorSummary, MonitorWindow, WindowDetails } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { ColumnCounts } from '../../kernel/tables/profile.ts'
import { maskOf } from '../access/index.ts'
import type { Outcomes } from '../outcomes/index.ts'
import { type CurrentRelease, defineMonitor } from './define-monitor.ts'
import { monitoringErrors } from './errors.ts'
import { detailsOf, sliceSeries, violationSeries } from './detail-series.ts'
import { distributionBins, medianOf } from './feature-distribution.ts'
import { followedEvents, followEvents, isDue, wantLook } from './follow-events.ts'
import type { ModelFacts, Reference } from './model-facts.ts'
import { performanceSeries } from './performance-series.ts'
import { driftHistory, presentMonitor, presentSummaries, presentWindow } from './present-monitor.ts'
import { windowUrn } from './announce-window.ts'
import { shownDetails, shownSlice } from './shown-details.ts'
import type { MonitorTable } from './tables.ts'
import { type Cadences, readLabelDelay } from './watch-label-delay.ts'
import { workOnMonitor } from './work-on-monitor.ts'

type KernelParts = Pick<
  Kernel,
  'db' | 'clock' | 'events' | 'consumers' | 'jobs' | 'watermark' | 'blobs' | 'tables' | 'paths' | 'logger' | 'leader'
>

export interface MonitoringDeps {
  readonly outcomes: Outcomes
  readonly facts: ModelFacts
  /** Without it the release that answered last counts. */
  readonly currentRelease?: CurrentRelease
  /** Without it no retraining is warned about. */
  readonly cadences?: Cadences
}

export interface TimeRange {
  readonly from?: number
  readonly to?: number
}

export interface Monitoring {
  define(scope: Scope, name: string, definition: MonitorDefinition): Promise<Monitor>
  remove(scope: Scope, name: string): Promise<void>
  list(scope: Scope, filter?: { deployment?: string }): Promise<MonitorSummary[]>
  get(scope: Scope, name: string): Promise<Monitor>
  /** Closed windows, newest first. */
  windows(scope: Scope, name: string, page: { before?: number; limit: number }): Promise<MonitorWindow[]>
  window(scope: Scope, name: string, start: number): Promise<MonitorWindow & { details: WindowDetails | null }>
  /** The metrics of slices over windows, oldest first. */
  slices(scope: Scope, name: string, query: TimeRange & { by?: string }): Promise<ReturnType<typeof sliceSeries>>
  /** What live values break that the training data keep, over windows, oldest first. */
  violations(scope: Scope, name: string, range: TimeRange): Promise<ReturnType<typeof violationSeries>>
  driftHistory(
    scope: Scope,
    name: string,
    query: TimeRange & { feature?: string },
  ): Promise<ReturnType<typeof driftHistory>>
  distribution(scope: Scope, name: string, query: { feature: string; start?: number }): Promise<FeatureDistribution>
  performance(scope: Scope, name: string, range: TimeRange): Promise<ReturnType<typeof performanceSeries>>
  /** How long labels take, and what that disrupts. */
  labelDelay(scope: Scope, name: string): ReturnType<typeof readLabelDelay>
  /** URNs of the windows that counted a prediction. */
  windowsOf(scope: Scope, prediction: { deployment: string; release: string; eventTime: number }): Promise<string[]>
  /** Asks the monitors of projects on the wall clock for a look where one is due; a timer does it every half minute. */
  tick(): Promise<void>
  close(): void
}

export interface FeatureDistribution {
  feature: string
  kind: 'numeric' | 'categorical'
  start: number
  end: number
  reference: { urn: string; rows: number; nulls: number; mean: number | null; median: number | null }
  current: { rows: number; nulls: number; mean: number | null; median: number | null }
  bins: ReturnType<typeof distributionBins>
}

const tickMs = 30_000
const mostWindows = 400

export function createMonitoring(
  kernel: KernelParts,
  { outcomes, facts, currentRelease, cadences }: MonitoringDeps,
): Monitoring {
  const { db, events, consumers, jobs, watermark, logger, leader } = kernel
  consumers.add({
    name: 'monitoring',
    events: followedEvents,
    handle: (trx, batch) => followEvents(kernel, trx, batch),
  })
  jobs.handle({
    kind: 'monitor',
    concurrency: 2,
    handle: (job) => workOnMonitor({ ...kernel, outcomes, facts, cadences }, job),
  })

  const find = async (scope: Scope, name: string): Promise<MonitorTable> => {
    const row = await db.read
      .selectFrom('monitor')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('name', '=', name)
      .executeTakeFirst()
    if (!row) throw monitoringErrors.NOT_FOUND(name)
    return row
  }

  const windowRows = async (scope: Scope, name: string, range: TimeRange & { limit?: number }) => {
    await find(scope, name)
    let query = db.read
      .selectFrom('monitor_window')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('monitor', '=', name)
      .orderBy('start_at', 'desc')
      .limit(range.limit ?? mostWindows)
    if (range.from !== undefined) query = query.where('end_at', '>', range.from)
    if (range.to !== undefined) query = query.where('start_at', '<', range.to)
    return query.execute()
  }

  const tick: Monitoring['tick'] = async () => {
    const projects = await db.read.selectFrom('monitor').select('project_id').distinct().execute()
    for (const { project_id: project } of projects) {
      const { at, mode } = await watermark.read(db.read, project)
      if (mode !== 'wall') continue
      const monitors = await db.read.selectFrom('monitor').selectAll().where('project_id', '=', project).execute()
      const due = monitors.filter((monitor) => isDue(monitor, at) || at - monitor.label_as_of >= tickMs)
      if (due.length === 0) continue
      await db.write.transaction().execute(async (trx) => {
        for (const monitor of due) await wantLook(kernel, trx, monitor)
      })
    }
  }
  const timer = setInterval(
    () =>
      leader.leads() &&
      void tick().catch((error) =>
        logger.warn({ err: error }, 'monitors could not be looked after; it will be tried again'),
      ),
    tickMs,
  )
  timer.unref()

  return {
    define: async (scope, name, definition) => {
      await defineMonitor({ ...kernel, facts, currentRelease }, scope, name, definition)
      return presentMonitor(db.read, await find(scope, name))
    },
    remove: async (scope, name) => {
      const { project } = scope
      await find(scope, name)
      await db.write.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('monitor')
          .where('project_id', '=', project)
          .where('name', '=', name)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return
        await trx.deleteFrom('monitor_release').where('project_id', '=', project).where('monitor', '=', name).execute()
        await trx.deleteFrom('monitor_window').where('project_id', '=', project).where('monitor', '=', name).execute()
        await events.append(trx, {
          project,
          name: 'monitor.removed',
          schema: 1,
          by: scope.principal.id,
          subject: urn(project, 'monitor', name),
          refs: [],
          data: { monitor: name, fact: 'removed' },
        })
      })
    },
    list: async (scope, { deployment } = {}) => {
      let query = db.read.selectFrom('monitor').selectAll().where('project_id', '=', scope.project).orderBy('name')
      if (deployment !== undefined) query = query.where('deployment', '=', deployment)
      const found = await presentSummaries(db.read, await query.execute())
      const order = ['degraded', 'drifted', 'cannot-judge', 'waiting', 'in-range']
      return found.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
    },
    get: async (scope, name) => presentMonitor(db.read, await find(scope, name)),
    windows: async (scope, name, { before, limit }) =>
      (await windowRows(scope, name, { limit, ...(before === undefined ? {} : { to: before }) })).map(presentWindow),
    window: async (scope, name, start) => {
      const rows = await windowRows(scope, name, { from: start, to: start + 1, limit: 2 })
      const row = rows.find(({ start_at }) => start_at === start)
      if (!row) throw monitoringErrors.WINDOW_NOT_FOUND(name, new Date(start).toISOString())
      return { ...presentWindow(row), details: shownDetails(scope, await maskOf(db.read, scope), detailsOf(row)) }
    },
    slices: async (scope, name, { by, ...range }) => {
      const mask = await maskOf(db.read, scope)
      const found = sliceSeries((await windowRows(scope, name, range)).toReversed(), by)
      return found.map((one) => shownSlice(mask, one))
    },
    violations: async (scope, name, range) => {
      const mask = await maskOf(db.read, scope)
      return violationSeries((await windowRows(scope, name, range)).toReversed(), (details) =>
        shownDetails(scope, mask, details),
      )
    },
    driftHistory: async (scope, name, { feature, ...range }) =>
      driftHistory((await windowRows(scope, name, range)).toReversed().map(presentWindow), feature),
    distribution: async (scope, name, { feature, start }) => {
      const rows = await windowRows(scope, name, start === undefined ? {} : { from: start, to: start + 1 })
      const row = rows.find(({ start_at, counts }) => counts !== null && (start === undefined || start_at === start))
      if (!row) {
        if (start === undefined) throw monitoringErrors.FEATURE_NOT_FOUND(feature, 'nothing yet')
        throw monitoringErrors.WINDOW_NOT_FOUND(name, new Date(start).toISOString())
      }
      const counts = JSON.parse(row.counts as string) as Record<string, ColumnCounts>
      const stored = await db.read
        .selectFrom('monitor_release')
        .select('reference')
        .where('project_id', '=', scope.project)
        .where('monitor', '=', name)
        .where('release', '=', row.release ?? '')
        .executeTakeFirst()
      const reference = stored?.reference ? (JSON.parse(stored.reference) as Reference) : undefined
      const column = reference?.profile.columns.find((one) => one.name === feature)
      const current = counts[feature]
      if (!reference || !column || !current)
        throw monitoringErrors.FEATURE_NOT_FOUND(feature, Object.keys(counts).join(', '))
      const hidden = (await maskOf(db.read, scope)).hides(feature)
      const side = (one: ColumnCounts) => ({
        rows: one.count,
        nulls: one.nulls + one.nonFinite,
        mean: hidden ? null : one.mean,
        median: hidden ? null : medianOf(one),
      })
      return {
        feature,
        kind: column.kind === 'numeric' ? 'numeric' : 'categorical',
        start: row.start_at,
        end: row.end_at,
        reference: { urn: reference.urn, ...side(column) },
        current: side(current),
        bins: hidden ? [] : distributionBins(column, current),
      }
    },
    performance: async (scope, name, range) =>
      performanceSeries((await windowRows(scope, name, range)).toReversed().map(presentWindow)),
    labelDelay: async (scope, name) =>
      readLabelDelay({ ...kernel, outcomes, cadences }, scope, await find(scope, name)),
    windowsOf: async (scope, { deployment, release, eventTime }) => {
      const rows = await db.read
        .selectFrom('monitor_window')
        .innerJoin('monitor', (j) =>
          j
            .onRef('monitor.project_id', '=', 'monitor_window.project_id')
            .onRef('monitor.name', '=', 'monitor_window.monitor'),
        )
        .select(['monitor_window.monitor', 'monitor_window.start_at'])
        .where('monitor_window.project_id', '=', scope.project)
        .where('monitor.deployment', '=', deployment)
        .where('monitor_window.release', '=', release)
        .where('monitor_window.start_at', '<=', eventTime)
        .where('monitor_window.end_at', '>', eventTime)
        .orderBy('monitor_window.monitor')
        .execute()
      return rows.map(({ monitor, start_at }) => windowUrn(scope.project, monitor, start_at))
    },
    tick,
    close: () => clearInterval(timer),
  }
}
