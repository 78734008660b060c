import type { Numbers } from '../types.ts'
import { averagePrecision } from './average-precision.ts'
import { brierScore } from './brier-score.ts'
import { type CalibrationOptions, expectedCalibrationError } from './calibration.ts'
import { accuracyOf, confusionOf, f1Of, precisionOf, recallOf } from './confusion.ts'
import { logLoss } from './log-loss.ts'
import type { MetricName } from './metric-names.ts'
import { meanAbsoluteError, rootMeanSquaredError, rSquared } from './regression.ts'
import { rocAuc } from './roc-auc.ts'

/** Settings of the metrics that have any. */
export interface MetricOptions extends CalibrationOptions {
  /** Scores at or above it count as positive; 0.5 unless told. */
  readonly threshold?: number
}

type Compute = (actual: Numbers, predicted: Numbers, options: MetricOptions) => number

const metrics: Record<MetricName, Compute> = {
  'roc-auc': rocAuc,
  'average-precision': averagePrecision,
  'log-loss': logLoss,
  'brier-score': brierScore,
  accuracy: (actual, predicted, { threshold }) => accuracyOf(confusionOf(actual, predicted, threshold)),
  precision: (actual, predicted, { threshold }) => precisionOf(confusionOf(actual, predicted, threshold)),
  recall: (actual, predicted, { threshold }) => recallOf(confusionOf(actual, predicted, threshold)),
  f1: (actual, predicted, { threshold }) => f1Of(confusionOf(actual, predicted, threshold)),
  'expected-calibration-error': expectedCalibrationError,
  'mean-absolute-error': meanAbsoluteError,
  'root-mean-squared-error': rootMeanSquaredError,
  'r-squared': rSquared,
}

/** Computes a metric by name: labels 0 or 1 against probabilities, or actual against predicted numbers. */
export function metricOf(name: MetricName, actual: Numbers, predicted: Numbers, options: MetricOptions = {}): number {
  return metrics[name](actual, predicted, options)
}
