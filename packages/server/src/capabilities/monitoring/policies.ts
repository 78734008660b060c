import type { DriftPolicy, MonitorDefinition, PerformancePolicy, PersistenceRule } from '@trivium/contract'
import type { PersistencePolicy } from '../../kernel/stats/index.ts'
import { monitoringErrors } from './errors.ts'
import { sliceMetrics } from './measure-slices.ts'
import { durationMs } from './window-grid.ts'

const persistence = (rule: PersistenceRule | undefined): PersistencePolicy => ({
  needed: rule?.needed ?? 2,
  outOf: rule?.outOf ?? 3,
  clearNeeded: rule?.clear ?? 2,
  severeOpens: true,
  maxAge: Number.POSITIVE_INFINITY,
})

/** A drift policy with everything that was left out. */
export interface DriftSettings {
  readonly features: 'all' | readonly string[]
  readonly reference: string
  readonly numericMeasure: 'kolmogorov-smirnov' | 'population-stability-index'
  readonly categoricalMeasure: 'total-variation' | 'population-stability-index'
  readonly minEffect: { readonly numeric: number; readonly categorical: number }
  readonly q: number
  readonly persistence: PersistencePolicy
  readonly minRows: number
}

export function driftSettings(policy: DriftPolicy): DriftSettings {
  return {
    features: policy.features ?? 'all',
    reference: policy.reference ?? 'auto',
    numericMeasure: policy.numericMeasure ?? 'kolmogorov-smirnov',
    categoricalMeasure: policy.categoricalMeasure ?? 'total-variation',
    minEffect: { numeric: policy.minEffect?.numeric ?? 0.1, categorical: policy.minEffect?.categorical ?? 0.1 },
    q: policy.q ?? 0.05,
    persistence: persistence(policy.persistence),
    minRows: policy.minRows ?? 200,
  }
}

/** A performance policy with everything that was left out. */
export interface PerformanceSettings {
  /** Column of the prediction log. */
  readonly column: string
  readonly positive: string | null
  readonly metrics: readonly {
    readonly metric: PerformancePolicy['metrics'][number]['metric']
    readonly baseline: 'auto' | number
    readonly margin: number
  }[]
  readonly minLabels: number
  readonly completeness: number
  readonly maxWait: number
  readonly persistence: PersistencePolicy
  readonly threshold: number
  readonly slices: readonly string[]
  readonly custom: readonly { readonly name: string; readonly sql: string }[]
}

export function performanceSettings(policy: PerformancePolicy): PerformanceSettings {
  return {
    column: policy.prediction.startsWith('output.') ? policy.prediction : `output.${policy.prediction}`,
    positive: policy.positive ?? null,
    metrics: policy.metrics.map(({ metric, baseline, margin }) => ({ metric, baseline: baseline ?? 'auto', margin })),
    minLabels: policy.minLabels ?? 200,
    completeness: policy.completeness ?? 0.95,
    maxWait: policy.maxWait === undefined ? Number.POSITIVE_INFINITY : durationMs(policy.maxWait),
    persistence: persistence(policy.persistence),
    threshold: policy.threshold ?? 0.5,
    slices: (policy.slices ?? []).map((name) => name.replace(/^(input|feature)\./, '')),
    custom: policy.custom ?? [],
  }
}

/** Throws what is wrong with a definition by itself. */
export function checkDefinition({ drift, performance }: MonitorDefinition): void {
  if (!drift && !performance) throw monitoringErrors.NOTHING_WATCHED()
  for (const rule of [drift?.persistence, performance?.persistence])
    if (rule && rule.needed > rule.outOf) throw monitoringErrors.BAD_PERSISTENCE(rule.needed, rule.outOf)
  const { reference = 'auto' } = drift ?? {}
  if (reference !== 'auto' && !/^[^@]+@\d+$/.test(reference)) throw monitoringErrors.BAD_REFERENCE(reference)
  const metrics = performance?.metrics.map(({ metric }) => metric) ?? []
  const twice = metrics.find((metric, index) => metrics.indexOf(metric) !== index)
  if (twice) throw monitoringErrors.DUPLICATE_METRIC(twice)
  const names = performance?.custom?.map(({ name }) => name) ?? []
  const again = names.find((name, index) => names.indexOf(name) !== index || sliceMetrics.includes(name))
  if (again) throw monitoringErrors.DUPLICATE_METRIC(again)
}
