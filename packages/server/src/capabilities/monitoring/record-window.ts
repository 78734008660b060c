import type { MonitorDefinition, WindowPerformance } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type Advanced, advanceRules, featureName, metricName, openRules, type RuleStates } from './advance-rules.ts'
import { announceWindow, type WindowRules } from './announce-window.ts'
import { headlineOf, windowState } from './headline.ts'
import type { JudgedWindow } from './judge-window.ts'
import { driftSettings, performanceSettings } from './policies.ts'
import type { MonitorReleaseTable, MonitorTable } from './tables.ts'

type Deps = Pick<Kernel, 'clock' | 'events'>

/**
 * Writes what a window showed, takes it into the memory of the release's alert rules and announces what changed: one event when something opens, one when it
 * recovers. Returns false, and writes nothing, when the monitor was changed or the window closed by somebody else meanwhile.
 */
export async function recordWindow(
  deps: Deps,
  trx: Trx,
  { project_id: project, name, version }: MonitorTable,
  judged: JudgedWindow,
  { closing, asOf }: { closing: boolean; asOf: number },
): Promise<boolean> {
  const monitor = await takeMonitor(trx, { project, name, version }, closing ? judged : undefined)
  if (!monitor) return false
  const definition = JSON.parse(monitor.definition) as MonitorDefinition
  const before = await asReader(trx)
    .selectFrom('monitor_window')
    .select(['ripe', 'closed_at'])
    .where('project_id', '=', project)
    .where('monitor', '=', name)
    .where('start_at', '=', judged.start)
    .executeTakeFirst()
  if (judged.release && monitor.follows === 0 && closing)
    Object.assign(monitor, await followPredictions(trx, monitor, judged))
  const counts =
    judged.release !== null && judged.release.release === monitor.release && judged.end > monitor.release_since
  const rules = await advanceRelease(trx, definition, monitor, judged, counts)
  const drift = judged.drift && { ...judged.drift, features: rules.drift.results }
  const performance = judged.performance && { ...judged.performance, metrics: rules.performance.results }
  const ripe = performance === null || performance.ripe
  await trx
    .insertInto('monitor_window')
    .values({
      project_id: project,
      monitor: name,
      start_at: judged.start,
      end_at: judged.end,
      release: judged.release?.release ?? null,
      model: judged.release?.model ?? null,
      model_version: judged.release?.version ?? null,
      rows: judged.rows,
      other_rows: judged.otherRows,
      records: judged.records,
      state: windowState(drift, performance),
      drift: drift && JSON.stringify(drift),
      performance: performance && JSON.stringify(performance),
      counts: judged.counts && JSON.stringify(judged.counts),
      details: judged.details && JSON.stringify(judged.details),
      ripe: ripe ? 1 : 0,
      hits: 0,
      closed_at: before?.closed_at ?? deps.clock(),
      judged_at: deps.clock(),
    })
    .onConflict((c) =>
      c.columns(['project_id', 'monitor', 'start_at']).doUpdateSet((e) => ({
        end_at: e.ref('excluded.end_at'),
        release: e.ref('excluded.release'),
        model: e.ref('excluded.model'),
        model_version: e.ref('excluded.model_version'),
        rows: e.ref('excluded.rows'),
        other_rows: e.ref('excluded.other_rows'),
        records: e.ref('excluded.records'),
        state: e.ref('excluded.state'),
        drift: e.ref('excluded.drift'),
        performance: e.ref('excluded.performance'),
        counts: e.ref('excluded.counts'),
        details: e.ref('excluded.details'),
        ripe: e.ref('excluded.ripe'),
        hits: e.ref('excluded.hits'),
        judged_at: e.ref('excluded.judged_at'),
      })),
    )
    .execute()
  await describeMonitor(deps, trx, monitor, rules)
  await announceWindow(deps, trx, monitor, judged, {
    closing,
    asOf,
    rules,
    ripened: ripe && before?.ripe !== 1 ? performance : null,
  })
  return true
}

/** Moves the monitor past the window that is closed; undefined when it is not there any more, was changed, or stands elsewhere. */
async function takeMonitor(
  trx: Trx,
  { project, name, version }: { project: string; name: string; version: number },
  closing: JudgedWindow | undefined,
): Promise<MonitorTable | undefined> {
  const update = trx
    .updateTable('monitor')
    .set((e) => ({ next_start: closing ? closing.end : e.ref('next_start') }))
    .where('project_id', '=', project)
    .where('name', '=', name)
    .where('version', '=', version)
    .returningAll()
  if (!closing) return update.executeTakeFirst()
  return update
    .where((e) => e.or([e('next_start', 'is', null), e('next_start', '=', closing.start)]))
    .executeTakeFirst()
}

/** Without word from serving, the release that answered last is the one that counts. */
async function followPredictions(
  trx: Trx,
  monitor: MonitorTable,
  { release, start }: JudgedWindow,
): Promise<Partial<MonitorTable>> {
  if (!release || monitor.release === release.release) return {}
  const change = {
    release: release.release,
    model: release.model,
    model_version: release.version,
    release_since: start,
  }
  await trx
    .updateTable('monitor')
    .set(change)
    .where('project_id', '=', monitor.project_id)
    .where('name', '=', monitor.name)
    .execute()
  return change
}

/** Advances the rules of the window's release. A release that was replaced keeps its memory as it is: nobody has to act on it any more. */
async function advanceRelease(
  trx: Trx,
  definition: MonitorDefinition,
  monitor: MonitorTable,
  judged: JudgedWindow,
  counts: boolean,
): Promise<WindowRules> {
  const still = <R>(states: RuleStates, results: readonly R[]): Advanced<R> => ({
    states,
    results: [...results],
    opened: [],
    persisting: [],
    resolved: [],
  })
  if (!judged.release)
    return { drift: still({}, judged.drift?.features ?? []), performance: still({}, judged.performance?.metrics ?? []) }
  const key = { project_id: monitor.project_id, monitor: monitor.name, release: judged.release.release }
  const found = await asReader(trx)
    .selectFrom('monitor_release')
    .selectAll()
    .where('project_id', '=', key.project_id)
    .where('monitor', '=', key.monitor)
    .where('release', '=', key.release)
    .executeTakeFirst()
  const states = {
    drift: JSON.parse(found?.drift ?? '{}') as RuleStates,
    performance: JSON.parse(found?.performance ?? '{}') as RuleStates,
  }
  const { end } = judged
  const drift =
    counts && judged.drift && definition.drift
      ? advanceRules(states.drift, judged.drift.features, {
          nameOf: featureName,
          end,
          policy: driftSettings(definition.drift).persistence,
        })
      : still(states.drift, judged.drift?.features ?? [])
  const performance =
    counts && judged.performance && definition.performance
      ? advanceRules(states.performance, judged.performance.metrics, {
          nameOf: metricName,
          end,
          policy: performanceSettings(definition.performance).persistence,
        })
      : still(states.performance, judged.performance?.metrics ?? [])
  const row: MonitorReleaseTable = {
    ...key,
    reference: found?.reference ?? (judged.reference && JSON.stringify(judged.reference)),
    baselines: JSON.stringify(judged.baselines),
    drift: JSON.stringify(drift.states),
    performance: JSON.stringify(performance.states),
  }
  const { reference, baselines } = row
  await trx
    .insertInto('monitor_release')
    .values(row)
    .onConflict((c) =>
      c
        .columns(['project_id', 'monitor', 'release'])
        .doUpdateSet({ reference, baselines, drift: row.drift, performance: row.performance }),
    )
    .execute()
  return { drift, performance }
}

/** How many windows are looked through for one that could be judged. */
const mostLookedAt = 35

/** The monitor's own word: what is open, else what the newest window says; performance is that of the newest window that could be judged. */
async function describeMonitor({ clock }: Deps, trx: Trx, monitor: MonitorTable, rules: WindowRules): Promise<void> {
  const windows = asReader(trx)
    .selectFrom('monitor_window')
    .select(['start_at', 'drift', 'performance', 'release'])
    .where('project_id', '=', monitor.project_id)
    .where('monitor', '=', monitor.name)
    .orderBy('start_at', 'desc')
  const newest = await windows.executeTakeFirst()
  const ripe = await windows
    .where('ripe', '=', 1)
    .where('release', '=', newest?.release ?? monitor.release ?? '')
    .limit(mostLookedAt)
    .execute()
  const parse = <T>(text: string | null | undefined): T | null => (text ? (JSON.parse(text) as T) : null)
  const drift = parse<NonNullable<JudgedWindow['drift']>>(newest?.drift)
  const ofRipe = ripe.map((row) => ({ start: row.start_at, performance: parse<WindowPerformance>(row.performance) }))
  const judged = ofRipe.find(({ performance: one }) => one?.metrics.some(({ value }) => value !== null))
  const performance = judged?.performance ?? parse<WindowPerformance>((ripe[0] ?? newest)?.performance)
  const seenIn = judged && judged.start !== newest?.start_at ? judged.start : null
  const degraded = openRules(rules.performance.states).length > 0
  const drifted = openRules(rules.drift.states).length > 0
  const current = newest?.release === null || newest?.release === monitor.release
  await trx
    .updateTable('monitor')
    .set({
      updated_at: clock(),
      ...(current
        ? {
            state: degraded ? 'degraded' : drifted ? 'drifted' : windowState(drift, performance),
            headline: headlineOf(drift, performance, seenIn),
          }
        : {}),
    })
    .where('project_id', '=', monitor.project_id)
    .where('name', '=', monitor.name)
    .execute()
}
