import type { MonitorDefinition } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import { type Scope, systemScope } from '../../kernel/principal/index.ts'
import { judgeWindow, type JudgeDeps } from './judge-window.ts'
import { performanceSettings } from './policies.ts'
import { recordWindow } from './record-window.ts'
import type { MonitorTable, MonitorWindowTable } from './tables.ts'
import { type Cadences, watchLabelDelay } from './watch-label-delay.ts'
import { windowGrid } from './window-grid.ts'

export type WorkDeps = JudgeDeps & { cadences: Cadences | undefined } & Pick<
    Kernel,
    'clock' | 'events' | 'jobs' | 'watermark' | 'blobs'
  >

/** How far back a new monitor looks, and how many closed windows are still watched for late rows and labels. */
const mostWindowsBack = 60
/** Windows without any prediction are passed over in one step when there are more than this. */
const mostEmptyWindows = 400
/** Share of a judged window whose labels must have come or changed before it is judged again at once; the rest waits for the next window. */
const worthwhile = 0.005

/** Job `monitor`: closes the windows whose end has passed, in order, and looks again at those whose rows or labels came late. */
export async function workOnMonitor(deps: WorkDeps, job: ClaimedJob<{ monitor: string }>): Promise<void> {
  const { db, watermark, outcomes } = deps
  const scope = systemScope(job.project, 'monitoring')
  const name = job.input.monitor
  const first = await readMonitor(deps, scope, name)
  if (!first) return
  const { at: asOf } = await watermark.read(db.read, scope.project)
  await outcomes.commit(scope.project, first.deployment)
  const closed = await closeWindows(deps, scope, name, asOf, job.signal)
  await takeLatePredictions(deps, scope, name, asOf, job.signal)
  await takeLabels(deps, scope, name, asOf, { closed, signal: job.signal })
  const monitor = closed.size > 0 ? await readMonitor(deps, scope, name) : undefined
  if (monitor && definitionOf(monitor).performance) await watchLabelDelay(deps, scope, monitor)
}

async function readMonitor(
  { db }: Pick<WorkDeps, 'db'>,
  scope: Scope,
  name: string,
): Promise<MonitorTable | undefined> {
  return db.read
    .selectFrom('monitor')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('name', '=', name)
    .executeTakeFirst()
}

const definitionOf = (monitor: MonitorTable): MonitorDefinition => JSON.parse(monitor.definition) as MonitorDefinition

/** Closes every window whose end has passed, in order; returns their beginnings. */
async function closeWindows(
  deps: WorkDeps,
  scope: Scope,
  name: string,
  asOf: number,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const closed = new Set<number>()
  for (;;) {
    signal.throwIfAborted()
    const monitor = await readMonitor(deps, scope, name)
    if (!monitor) return closed
    const grid = windowGrid(definitionOf(monitor))
    const start = await nextStart(deps, scope, monitor, asOf)
    if (start === undefined || start + grid.size > asOf) return closed
    const judged = await judgeWindow(deps, scope, monitor, { start, end: start + grid.size, asOf })
    const written = await deps.db.write
      .transaction()
      .execute((trx) => recordWindow(deps, trx, monitor, judged, { closing: true, asOf }))
    if (written) closed.add(start)
  }
}

/** Where to go on; a new monitor begins with the first predictions that are not too old. */
async function nextStart(
  deps: WorkDeps,
  scope: Scope,
  monitor: MonitorTable,
  asOf: number,
): Promise<number | undefined> {
  const grid = windowGrid(definitionOf(monitor))
  const times = await deps.outcomes.times(scope, monitor.deployment)
  if (!times) return undefined
  if (monitor.next_start === null) return grid.startOf(Math.max(times.oldest, asOf - mostWindowsBack * grid.size))
  if ((asOf - monitor.next_start) / grid.size <= mostEmptyWindows) return monitor.next_start
  const next = await nextPrediction(deps, scope, monitor)
  const start = grid.startOf(Math.max(next ?? asOf, asOf - mostEmptyWindows * grid.size))
  if (start <= monitor.next_start) return monitor.next_start
  const { numUpdatedRows } = await deps.db.write
    .transaction()
    .execute((trx) =>
      trx
        .updateTable('monitor')
        .set({ next_start: start })
        .where('project_id', '=', scope.project)
        .where('name', '=', monitor.name)
        .where('next_start', '=', monitor.next_start)
        .executeTakeFirst(),
    )
  return numUpdatedRows === 1n ? start : undefined
}

async function nextPrediction(
  { tables, outcomes }: WorkDeps,
  scope: Scope,
  { deployment, next_start: from }: MonitorTable,
): Promise<number | undefined> {
  const range = { from: from ?? 0, to: Number.MAX_SAFE_INTEGER - 2 * 86_400_000 }
  const { predictions } = await outcomes.relations(scope, deployment, range)
  const { rows } = await tables.query({
    sql: `select min(event_time) from predictions where event_time >= ${range.from}`,
    relations: { predictions },
    trusted: true,
  })
  return rows[0]?.[0] === null || rows[0] === undefined ? undefined : Number(rows[0][0])
}

/** The newest closed windows, oldest first. */
async function recentWindows({ db }: WorkDeps, scope: Scope, name: string): Promise<MonitorWindowTable[]> {
  const rows = await db.read
    .selectFrom('monitor_window')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('monitor', '=', name)
    .orderBy('start_at', 'desc')
    .limit(mostWindowsBack)
    .execute()
  const [newest] = rows
  if (!newest) return []
  const size = newest.end_at - newest.start_at
  // Windows of an earlier definition on another grid stay as they are.
  return rows
    .filter((row) => row.end_at - row.start_at === size && (newest.start_at - row.start_at) % size === 0)
    .toReversed()
}

async function judgeAgain(
  deps: WorkDeps,
  scope: Scope,
  monitor: MonitorTable,
  window: MonitorWindowTable,
  asOf: number,
  onlyLabels: boolean,
): Promise<void> {
  const judged = await judgeWindow(deps, scope, monitor, {
    start: window.start_at,
    end: window.end_at,
    asOf,
    ...(onlyLabels ? { before: window } : {}),
  })
  await deps.db.write.transaction().execute((trx) => recordWindow(deps, trx, monitor, judged, { closing: false, asOf }))
}

/** Predictions whose window was closed before they came: those windows are looked at anew. */
async function takeLatePredictions(
  deps: WorkDeps,
  scope: Scope,
  name: string,
  asOf: number,
  signal: AbortSignal,
): Promise<void> {
  const { db, tables, outcomes } = deps
  const monitor = await readMonitor(deps, scope, name)
  if (!monitor || monitor.late_from === null) return
  const from = monitor.late_from
  const windows = (await recentWindows(deps, scope, name)).filter(({ end_at }) => end_at > from)
  const [oldest, newest] = [windows[0], windows.at(-1)]
  if (oldest && newest) {
    const range = { from: oldest.start_at, to: newest.end_at }
    const { predictions } = await outcomes.relations(scope, monitor.deployment, range)
    const size = oldest.end_at - oldest.start_at
    const { rows } = await tables.query({
      sql: `select (event_time - ${range.from}) // ${size}, count(*) from predictions where event_time >= ${range.from} and event_time < ${range.to} group by 1`,
      relations: { predictions },
      trusted: true,
    })
    const records = new Map(rows.map(([index, count]) => [range.from + Number(index) * size, Number(count)]))
    for (const window of windows) {
      signal.throwIfAborted()
      if ((records.get(window.start_at) ?? 0) !== window.records)
        await judgeAgain(deps, scope, monitor, window, asOf, false)
    }
  }
  await db.write
    .transaction()
    .execute((trx) =>
      trx
        .updateTable('monitor')
        .set({ late_from: null })
        .where('project_id', '=', scope.project)
        .where('name', '=', name)
        .where('late_from', '=', from)
        .where('wanted', '=', monitor.wanted)
        .execute(),
    )
}

/** Labels that have become known since the last look: windows that they complete are judged, and judged ones again where they change enough. */
async function takeLabels(
  deps: WorkDeps,
  scope: Scope,
  name: string,
  asOf: number,
  { closed, signal }: { closed: ReadonlySet<number>; signal: AbortSignal },
): Promise<void> {
  const { db, tables, outcomes } = deps
  const monitor = await readMonitor(deps, scope, name)
  const policy = monitor && definitionOf(monitor).performance
  if (!monitor || !policy) return
  const settings = performanceSettings(policy)
  const windows = (await recentWindows(deps, scope, name)).filter(({ release }) => release !== null)
  const [oldest, newest] = [windows[0], windows.at(-1)]
  if (!oldest || !newest) return
  const range = { from: oldest.start_at, to: newest.end_at }
  const size = oldest.end_at - oldest.start_at
  const { predictions, labels } = await outcomes.relations(scope, monitor.deployment, range, asOf)
  const { rows } = await tables.query({
    sql: `with fresh as (select distinct prediction_id from labels where event_time <= ${asOf} and (id > $1 or event_time > ${monitor.label_as_of}))
      select (event_time - ${range.from}) // ${size}, count(distinct id), null from predictions
      where event_time >= ${range.from} and event_time < ${range.to} and id in (select prediction_id from fresh) group by 1
      union all select null, null, max(id) from labels`,
    params: [monitor.label_id],
    relations: { predictions, labels },
    trusted: true,
  })
  const hits = new Map(
    rows
      .filter(([index]) => index !== null)
      .map(([index, count]) => [range.from + Number(index) * size, Number(count)]),
  )
  const newestLabel = rows.find(([index]) => index === null)?.[2]
  for (const window of windows) {
    signal.throwIfAborted()
    // What was closed just now has counted them.
    const came = closed.has(window.start_at) ? 0 : window.hits + (hits.get(window.start_at) ?? 0)
    const found = JSON.parse(window.performance ?? '{}') as { predicted?: number; labelled?: number }
    const { predicted = 0, labelled = 0 } = found
    const wanted = window.ripe
      ? Math.max(1, Math.ceil(worthwhile * predicted))
      : Math.ceil(settings.completeness * predicted) - labelled
    const overdue = window.ripe === 0 && asOf >= window.end_at + settings.maxWait
    if (overdue || (came > 0 && (came >= wanted || closed.size > 0)))
      await judgeAgain(deps, scope, monitor, window, asOf, true)
    else if (came !== window.hits)
      await db.write
        .transaction()
        .execute((trx) =>
          trx
            .updateTable('monitor_window')
            .set({ hits: came })
            .where('project_id', '=', scope.project)
            .where('monitor', '=', name)
            .where('start_at', '=', window.start_at)
            .execute(),
        )
  }
  await db.write.transaction().execute((trx) =>
    trx
      .updateTable('monitor')
      .set({
        label_as_of: asOf,
        label_id: typeof newestLabel === 'string' && newestLabel > monitor.label_id ? newestLabel : monitor.label_id,
      })
      .where('project_id', '=', scope.project)
      .where('name', '=', name)
      .where('version', '=', monitor.version)
      .execute(),
  )
}
