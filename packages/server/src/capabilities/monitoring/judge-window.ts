import type {
  MetricBaseline,
  MonitorDefinition,
  OfflineGap,
  WindowDetails,
  WindowDrift,
  WindowPerformance,
} from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation, TableColumn } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { ColumnCounts } from '../../kernel/tables/profile.ts'
import type { Outcomes } from '../outcomes/index.ts'
import { releasesIn, withCohort } from './cohort-file.ts'
import { type Baselines, judgePerformance } from './judge-performance.ts'
import { compareOutputs, outputColumns } from './compare-outputs.ts'
import { countViolations } from './count-violations.ts'
import { measureCohort } from './measure-cohort.ts'
import { measureSlices } from './measure-slices.ts'
import { offlineGaps } from './offline-gap.ts'
import { planFeatures, valueColumns } from './watched-features.ts'
import { cohortFeatures, driftReference, judgeDrift } from './judge-drift.ts'
import type { ModelFacts, ModelVersionName, Reference } from './model-facts.ts'
import { driftSettings, type PerformanceSettings, performanceSettings } from './policies.ts'
import type { MonitorReleaseTable, MonitorTable, MonitorWindowTable } from './tables.ts'
import { blockMs, windowLabel } from './window-grid.ts'

export type JudgeDeps = Pick<Kernel, 'db' | 'tables' | 'paths'> & { outcomes: Outcomes; facts: ModelFacts }

/** What looking at a window found, before persistence. */
export interface JudgedWindow {
  readonly start: number
  readonly end: number
  readonly release: { release: string; model: string; version: number } | null
  readonly rows: number
  readonly otherRows: number
  readonly records: number
  readonly drift: WindowDrift | null
  readonly performance: WindowPerformance | null
  readonly counts: Record<string, ColumnCounts> | null
  readonly details: WindowDetails | null
  /** What the release is compared with from now on. */
  readonly reference: Reference | null
  readonly baselines: Baselines
}

/** Looks at the predictions of one window: those of the release that answered last in it. With `before`, drift is kept as it was found and only labels are counted anew. */
export async function judgeWindow(
  deps: JudgeDeps,
  scope: Scope,
  monitor: MonitorTable,
  { start, end, asOf, before }: { start: number; end: number; asOf: number; before?: MonitorWindowTable },
): Promise<JudgedWindow> {
  const definition = JSON.parse(monitor.definition) as MonitorDefinition
  const range = { from: start, to: end }
  const { records, releases } = await releasesIn(deps, scope, monitor.deployment, range)
  const [newest, ...others] = releases
  const otherRows = others.reduce((sum, { rows }) => sum + rows, 0)
  if (!newest) return { ...emptyWindow(definition, asOf), start, end, records }
  const state = await deps.db.read
    .selectFrom('monitor_release')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('monitor', '=', monitor.name)
    .where('release', '=', newest.release)
    .executeTakeFirst()
  const baselines = await baselinesOf(deps, scope, definition, newest, state)
  const shared = { start, end, release: newest, rows: newest.rows, otherRows, records }
  const keep = before?.release === newest.release && before.drift !== null ? before : undefined
  const drift = definition.drift && !keep ? driftSettings(definition.drift) : undefined
  const performance = definition.performance && performanceSettings(definition.performance)
  const log = await deps.outcomes.columns(scope, monitor.deployment)
  const reference = drift ? await driftReference(deps.facts, scope, drift, newest, state) : undefined
  const features = drift ? cohortFeatures(drift, reference, log) : []
  const watched = drift && reference ? planFeatures(reference.profile, log, drift.features).watched : []
  const values = valueColumns(log)
  const slices = (performance?.slices ?? []).flatMap((name) => {
    const column = values.get(name)
    return column ? [{ name, column: column.name, numeric: column.type === 'number' || column.type === 'integer' }] : []
  })
  const trained = keep?.details ? undefined : await deps.facts.predicted(scope, newest)
  const outputs = outputColumns(trained, log)
  const told = keep?.details ? (JSON.parse(keep.details) as WindowDetails) : undefined
  const measured = async (cohort: Relation, settings: PerformanceSettings) => {
    const found = await measureCohort(deps.tables, cohort, {
      metrics: settings.metrics.map(({ metric }) => metric),
      blockSize: blockMs(end - start),
      seed: `${monitor.name}:${start}`,
    })
    const judgement = judgePerformance(found, settings, { baselines, end, asOf })
    const first = judgement.performance.ripe && (await isFirstHeldAgainst(deps, monitor, newest.release, start))
    const offline = first ? offlineGaps(found, settings, await evaluatedOf(deps, scope, settings, newest)) : null
    return { ...judgement, offline }
  }
  const judged = await withCohort(
    deps,
    scope,
    {
      deployment: monitor.deployment,
      range,
      release: newest.release,
      asOf,
      features,
      raws: watched,
      slices,
      outputs,
      performance: performance && hasColumn(log, performance) ? performance : undefined,
    },
    async (cohort) => ({
      violations:
        drift && reference
          ? await countViolations(deps.tables, cohort, watched, reference.domains ?? {})
          : (told?.violations ?? null),
      outputs: trained ? await compareOutputs(deps.tables, cohort, trained, outputs) : (told?.outputs ?? null),
      quality:
        performance && hasColumn(log, performance)
          ? await measureSlices(deps.tables, cohort, { ...performance, slices })
          : null,
      drift:
        drift &&
        (await judgeDrift(deps.tables, cohort, {
          drift,
          reference,
          log,
          rows: newest.rows,
          own: urn(scope.project, 'window', `${monitor.name}:${windowLabel(start)}`),
        })),
      performance: performance && hasColumn(log, performance) ? await measured(cohort, performance) : undefined,
    }),
  )
  return {
    ...shared,
    drift: keep ? (JSON.parse(keep.drift as string) as WindowDrift) : (judged.drift?.drift ?? null),
    counts: keep ? (JSON.parse(keep.counts ?? 'null') as JudgedWindow['counts']) : (judged.drift?.counts ?? null),
    performance:
      judged.performance?.performance ?? (performance ? withoutOutput(performance, log, newest.rows, asOf) : null),
    details: {
      quality: judged.quality?.quality ?? null,
      qualityProblem: judged.quality?.problem ?? null,
      violations: judged.violations,
      outputs: judged.outputs,
      offline: judged.performance?.offline ?? null,
    },
    reference: judged.drift?.reference ?? null,
    baselines: judged.performance?.baselines ?? baselines,
  }
}

/** Whether no window before has held this release's life against its evaluation. */
async function isFirstHeldAgainst(
  { db }: Pick<JudgeDeps, 'db'>,
  { project_id: project, name }: MonitorTable,
  release: string,
  start: number,
): Promise<boolean> {
  const earlier = await db.read
    .selectFrom('monitor_window')
    .select('details')
    .where('project_id', '=', project)
    .where('monitor', '=', name)
    .where('release', '=', release)
    .where('start_at', '<', start)
    .where('ripe', '=', 1)
    .orderBy('start_at')
    .limit(10)
    .execute()
  return !earlier.some(({ details }) =>
    (JSON.parse(details ?? '{}') as { offline?: OfflineGap[] | null }).offline?.some(({ gap }) => gap !== null),
  )
}

async function evaluatedOf(
  { facts }: Pick<JudgeDeps, 'facts'>,
  scope: Scope,
  { metrics }: PerformanceSettings,
  release: ModelVersionName,
): Promise<Map<string, MetricBaseline>> {
  const found = new Map<string, MetricBaseline>()
  for (const { metric } of metrics) {
    const evaluated = await facts.evaluated(scope, release, metric)
    if (evaluated) found.set(metric, evaluated)
  }
  return found
}

async function baselinesOf(
  { facts }: JudgeDeps,
  scope: Scope,
  { performance }: MonitorDefinition,
  release: ModelVersionName,
  state: MonitorReleaseTable | undefined,
): Promise<Baselines> {
  const found = JSON.parse(state?.baselines ?? '{}') as Baselines
  for (const { metric, baseline = 'auto' } of performance?.metrics ?? []) {
    if (baseline !== 'auto' || found[metric]) continue
    const evaluated = await facts.evaluated(scope, release, metric)
    if (evaluated) found[metric] = evaluated
  }
  return found
}

const hasColumn = (log: readonly TableColumn[], { column }: PerformanceSettings): boolean =>
  log.some(({ name }) => name === column)

function withoutOutput(
  { column, metrics }: PerformanceSettings,
  log: readonly TableColumn[],
  predicted: number,
  asOf: number,
): WindowPerformance {
  const outputs = log.filter(({ name }) => name.startsWith('output.')).map(({ name }) => name.slice('output.'.length))
  const reason = `The predictions have no output "${column.slice('output.'.length)}"; they have ${outputs.join(', ')}.`
  return cannotJudge(metrics, reason, predicted, asOf)
}

function cannotJudge(
  metrics: PerformanceSettings['metrics'],
  reason: string,
  predicted: number,
  asOf: number,
): WindowPerformance {
  return {
    ripe: false,
    reason,
    predicted,
    labelled: 0,
    completeness: 0,
    asOf,
    metrics: metrics.map(({ metric, margin }) => ({
      metric,
      value: null,
      interval: null,
      baseline: null,
      loss: null,
      lossInterval: null,
      margin,
      verdict: 'unknown' as const,
      reason,
      open: false,
    })),
    days: [],
  }
}

function emptyWindow(
  { drift, performance }: MonitorDefinition,
  asOf: number,
): Omit<JudgedWindow, 'start' | 'end' | 'records'> {
  const reason = 'No prediction in this window.'
  return {
    release: null,
    rows: 0,
    otherRows: 0,
    drift: drift
      ? { verdict: 'unknown', reason, reference: null, tests: 0, q: driftSettings(drift).q, features: [] }
      : null,
    performance: performance
      ? { ...cannotJudge(performanceSettings(performance).metrics, reason, 0, asOf), ripe: true }
      : null,
    counts: null,
    details: null,
    reference: null,
    baselines: {},
  }
}
