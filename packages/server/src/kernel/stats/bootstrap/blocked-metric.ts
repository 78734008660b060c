import { calibrationBinOf, calibrationEdges } from '../metrics/calibration.ts'
import { logLossOfRow } from '../metrics/log-loss.ts'
import type { MetricName } from '../metrics/metric-names.ts'
import type { MetricOptions } from '../metrics/metric-of.ts'
import { requireBinary } from '../metrics/require-binary.ts'
import { type Numbers, requireSameLength } from '../types.ts'
import { blockedAuc } from './blocked-auc.ts'
import { blockedAveragePrecision } from './blocked-average-precision.ts'
import { blockedSums } from './blocked-sums.ts'
import type { Blocks } from './blocks.ts'

/** A metric prepared so that it can be recomputed with each block counted any number of times. */
export interface BlockedMetric {
  /** The metric over all rows. */
  readonly estimate: number
  readonly rows: number
  readonly blocks: number
  /** The metric when block b counts `weights[b]` times; NaN where it is not defined. */
  valueUnder(weights: Int32Array): number
}

/** The rows of a metric: labels 0 or 1 and probabilities, or actual and predicted numbers, and the block of each row. */
export interface BlockedRows {
  readonly actual: Numbers
  readonly predicted: Numbers
  readonly blocks: Blocks
}

type Prepare = (rows: BlockedRows, options: MetricOptions) => BlockedMetric

/** A mean over rows of a loss. */
function meanOf(loss: (actual: number, predicted: number) => number): Prepare {
  return ({ actual, predicted, blocks }) =>
    blockedSums(
      blocks,
      2,
      (row, add) => {
        add(0, 1)
        add(1, loss(actual[row] as number, predicted[row] as number))
      },
      (sums) => (sums[1] as number) / (sums[0] as number),
    )
}

/** A ratio of counts of a decision at a threshold: sums are true positives, false positives, false negatives, rows. */
function decisionOf(value: (tp: number, fp: number, fn: number, n: number) => number): Prepare {
  return ({ actual, predicted, blocks }, { threshold = 0.5 }) =>
    blockedSums(
      blocks,
      4,
      (row, add) => {
        add(3, 1)
        const called = (predicted[row] as number) >= threshold
        if (actual[row] === 1) add(called ? 0 : 2, 1)
        else if (called) add(1, 1)
      },
      (sums) => value(sums[0] as number, sums[1] as number, sums[2] as number, sums[3] as number),
    )
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** Calibration error with the bins of the whole sample; each bin keeps its rows and the sum of score − label. */
const calibrationError: Prepare = ({ actual, predicted, blocks }, options) => {
  const edges = calibrationEdges(predicted, options)
  const bins = edges.length + 1
  return blockedSums(
    blocks,
    bins + 1,
    (row, add) => {
      const score = predicted[row] as number
      add(calibrationBinOf(edges, score), score - (actual[row] as number))
      add(bins, 1)
    },
    (sums) => {
      let gap = 0
      for (let bin = 0; bin < bins; bin++) gap += Math.abs(sums[bin] as number)
      return gap / (sums[bins] as number)
    },
  )
}

/** R² from sums about the overall mean, so that large values lose no digits. */
const determination: Prepare = ({ actual, predicted, blocks }) => {
  let centre = 0
  for (let i = 0; i < actual.length; i++) centre += ((actual[i] as number) - centre) / (i + 1)
  return blockedSums(
    blocks,
    4,
    (row, add) => {
      const value = actual[row] as number
      add(0, 1)
      add(1, value - centre)
      add(2, (value - centre) ** 2)
      add(3, ((predicted[row] as number) - value) ** 2)
    },
    (sums) => {
      const spread = (sums[2] as number) - (sums[1] as number) ** 2 / (sums[0] as number)
      return spread > 1e-12 * (sums[2] as number) ? 1 - (sums[3] as number) / spread : Number.NaN
    },
  )
}

const meanSquare = meanOf((actual, predicted) => (predicted - actual) ** 2)

const rootMeanSquare: Prepare = (rows, options) => {
  const inner = meanSquare(rows, options)
  return {
    ...inner,
    estimate: Math.sqrt(inner.estimate),
    valueUnder: (weights) => Math.sqrt(inner.valueUnder(weights)),
  }
}

const preparations: Record<MetricName, Prepare> = {
  'roc-auc': blockedAuc,
  'average-precision': blockedAveragePrecision,
  'log-loss': meanOf(logLossOfRow),
  'brier-score': meanSquare,
  accuracy: decisionOf((_tp, fp, fn, n) => (n - fp - fn) / n),
  precision: decisionOf((tp, fp) => ratio(tp, tp + fp)),
  recall: decisionOf((tp, _fp, fn) => ratio(tp, tp + fn)),
  f1: decisionOf((tp, fp, fn) => ratio(2 * tp, 2 * tp + fp + fn)),
  'expected-calibration-error': calibrationError,
  'mean-absolute-error': meanOf((actual, predicted) => Math.abs(predicted - actual)),
  'root-mean-squared-error': rootMeanSquare,
  'r-squared': determination,
}

const ofNumbers: ReadonlySet<MetricName> = new Set<MetricName>([
  'mean-absolute-error',
  'root-mean-squared-error',
  'r-squared',
])

/**
 * Prepares a metric for resampling by block. All are exact: sums per block for means and ratios, a table of pairwise
 * wins (or one pass over the sorted rows) for AUC. Only the calibration error keeps the bins of the whole sample.
 */
export function blockedMetric(name: MetricName, rows: BlockedRows, options: MetricOptions = {}): BlockedMetric {
  if (ofNumbers.has(name)) requireSameLength(rows.actual, rows.predicted, 'Actual and predicted values')
  else requireBinary(rows.actual, rows.predicted)
  requireSameLength(rows.actual, rows.blocks.ids, 'Rows and their blocks')
  return preparations[name](rows, options)
}
