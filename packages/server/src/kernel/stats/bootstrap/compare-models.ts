import { type MetricName, metricDirections } from '../metrics/metric-names.ts'
import type { MetricOptions } from '../metrics/metric-of.ts'
import type { Numbers } from '../types.ts'
import { notWorseThan, type Verdict, verdictOf } from '../verdicts/verdict-of.ts'
import { blockedMetric } from './blocked-metric.ts'
import type { Blocks } from './blocks.ts'
import { type BootstrapOptions, bootstrapPair, type PairedEstimates } from './bootstrap.ts'

/** Two models' answers to the same rows. */
export interface ModelComparisonInput {
  readonly metric: MetricName
  readonly actual: Numbers
  readonly candidate: Numbers
  readonly champion: Numbers
  readonly blocks: Blocks
  /** The loss in the metric's unit that is still acceptable. */
  readonly margin: number
  readonly minimumBlocks?: number
  readonly options?: MetricOptions
}

/** What the comparison showed; `difference` is candidate − champion. */
export interface ModelComparison extends PairedEstimates {
  readonly metric: MetricName
  readonly margin: number
  readonly verdict: Verdict
  /** True when a loss beyond the margin is ruled out. */
  readonly acceptable: boolean
}

/** Compares a candidate with the champion on the same rows: both estimates, the paired difference, and the verdict. */
export function compareModels(input: ModelComparisonInput, bootstrap: BootstrapOptions): ModelComparison {
  const { metric, actual, blocks, margin, options = {} } = input
  const candidate = blockedMetric(metric, { actual, predicted: input.candidate, blocks }, options)
  const champion = blockedMetric(metric, { actual, predicted: input.champion, blocks }, options)
  const estimates = bootstrapPair({ candidate, champion }, bootstrap)
  const { difference } = estimates
  const judged = {
    difference: difference.estimate,
    interval: difference.interval,
    margin,
    direction: metricDirections[metric],
    blocks: difference.blocks,
    ...(input.minimumBlocks === undefined ? {} : { minimumBlocks: input.minimumBlocks }),
  }
  return {
    metric,
    ...estimates,
    margin,
    verdict: verdictOf(judged),
    acceptable: notWorseThan(judged),
  }
}
