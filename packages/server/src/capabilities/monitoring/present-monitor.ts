import type {
  MetricResult,
  Monitor,
  MonitorDefinition,
  MonitorSummary,
  MonitorWindow,
  WindowDrift,
  WindowPerformance,
} from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import { featureName, openRules, type RuleStates } from './advance-rules.ts'
import { windowUrn } from './announce-window.ts'
import type { MonitorTable, MonitorWindowTable } from './tables.ts'

const stripLength = 35

/** A stored window with everything that was found. */
export function presentWindow(row: MonitorWindowTable): MonitorWindow {
  const performance = row.performance === null ? null : (JSON.parse(row.performance) as WindowPerformance)
  return {
    urn: windowUrn(row.project_id, row.monitor, row.start_at),
    monitor: row.monitor,
    start: row.start_at,
    end: row.end_at,
    release: row.release,
    model: row.model,
    version: row.model_version,
    rows: row.rows,
    otherRows: row.other_rows,
    state: row.state,
    drift: row.drift === null ? null : (JSON.parse(row.drift) as WindowDrift),
    performance: performance && withNewLabels(performance, row),
    closedAt: row.closed_at,
    judgedAt: row.judged_at,
  }
}

/** Labels that came since the window was counted are counted in. */
function withNewLabels(performance: WindowPerformance, { ripe, hits }: MonitorWindowTable): WindowPerformance {
  if (ripe === 1 || hits === 0) return performance
  const labelled = Math.min(performance.predicted, performance.labelled + hits)
  return { ...performance, labelled, completeness: labelled / performance.predicted }
}

/** Monitors as the list shows them. */
export async function presentSummaries(db: Reader, monitors: readonly MonitorTable[]): Promise<MonitorSummary[]> {
  return Promise.all(
    monitors.map(async (row) => {
      const windows = (
        await db
          .selectFrom('monitor_window')
          .selectAll()
          .where('project_id', '=', row.project_id)
          .where('monitor', '=', row.name)
          .orderBy('start_at', 'desc')
          .limit(stripLength)
          .execute()
      ).map(presentWindow)
      const state = await db
        .selectFrom('monitor_release')
        .select('drift')
        .where('project_id', '=', row.project_id)
        .where('monitor', '=', row.name)
        .where('release', '=', row.release ?? '')
        .executeTakeFirst()
      const [newest] = windows
      const ripe = windows.filter(
        ({ performance, release }) => performance?.ripe && performance.predicted > 0 && release === row.release,
      )
      const hasValue = ({ value }: MetricResult) => value !== null
      // a window whose labels never came says nothing; the last that did still holds, as its alert does
      const judged = ripe.find(({ performance }) => performance?.metrics.some(hasValue)) ?? ripe[0]
      const metrics = judged?.performance?.metrics ?? []
      const metric = metrics.find(({ open }) => open) ?? metrics.find(hasValue) ?? metrics[0]
      return {
        name: row.name,
        urn: urn(row.project_id, 'monitor', row.name),
        deployment: row.deployment,
        state: row.state,
        headline: row.headline,
        release: row.release,
        model: row.model,
        version: row.model_version,
        window: (JSON.parse(row.definition) as MonitorDefinition).window,
        features: newest?.drift?.features.length ?? 0,
        driftedFeatures: openRules(JSON.parse(state?.drift ?? '{}') as RuleStates).toSorted(),
        performance:
          judged && metric
            ? {
                metric: metric.metric,
                value: metric.value,
                interval: metric.interval,
                baseline: metric.baseline?.value ?? null,
                margin: metric.margin,
                verdict: metric.verdict,
                start: judged.start,
                end: judged.end,
              }
            : null,
        labels: newest?.performance
          ? {
              end: newest.end,
              predicted: newest.performance.predicted,
              labelled: newest.performance.labelled,
              ripe: newest.performance.ripe,
            }
          : null,
        strip: windows.map(({ start, end, state: mark }) => ({ start, end, state: mark })).toReversed(),
        updatedAt: row.updated_at,
      }
    }),
  )
}

/** One monitor with its definition. */
export async function presentMonitor(db: Reader, row: MonitorTable): Promise<Monitor> {
  const [summary] = await presentSummaries(db, [row])
  const person = await db.selectFrom('principal').select('name').where('id', '=', row.created_by).executeTakeFirst()
  return {
    ...(summary as MonitorSummary),
    definition: JSON.parse(row.definition) as MonitorDefinition,
    definitionVersion: row.version,
    nextStart: row.next_start,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: person?.name ?? row.created_by,
  }
}

/** The size of each feature's drift over windows (oldest first); those that are open or largest come first. */
export function driftHistory(windows: readonly MonitorWindow[], only?: string) {
  const features = new Map<string, DriftHistory>()
  for (const { start, end, release, version, drift } of windows) {
    for (const result of drift?.features ?? []) {
      const name = featureName(result)
      if (only !== undefined && name !== only) continue
      const { kind, measure, minEffect, effect, q, rows, verdict, open } = result
      const history: DriftHistory = features.get(name) ?? { feature: name, kind, measure, minEffect, open, points: [] }
      history.points.push({ start, end, release, version, effect, q, rows, verdict, open })
      features.set(name, { ...history, kind, measure, minEffect, open })
    }
  }
  const last = (history: DriftHistory) => history.points.at(-1)?.effect ?? -1
  return [...features.values()].toSorted((a, b) => Number(b.open) - Number(a.open) || last(b) - last(a))
}

interface DriftHistory {
  feature: string
  kind: 'numeric' | 'categorical'
  measure: string
  minEffect: number
  open: boolean
  points: {
    start: number
    end: number
    release: string | null
    version: number | null
    effect: number | null
    q: number | null
    rows: number
    verdict: 'clear' | 'breach' | 'severe' | 'unknown'
    open: boolean
  }[]
}
