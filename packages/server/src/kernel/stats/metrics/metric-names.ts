import type { MetricDirection } from '../verdicts/verdict-of.ts'

/** Every metric that can be computed, compared and given an interval, with the way in which it is better. */
export const metricDirections = {
  'roc-auc': 'higher-is-better',
  'average-precision': 'higher-is-better',
  'log-loss': 'lower-is-better',
  'brier-score': 'lower-is-better',
  accuracy: 'higher-is-better',
  precision: 'higher-is-better',
  recall: 'higher-is-better',
  f1: 'higher-is-better',
  'expected-calibration-error': 'lower-is-better',
  'mean-absolute-error': 'lower-is-better',
  'root-mean-squared-error': 'lower-is-better',
  'r-squared': 'higher-is-better',
} as const satisfies Record<string, MetricDirection>

/** The name of a metric. */
export type MetricName = keyof typeof metricDirections

/** Metrics of a probability against labels 0 or 1. */
export const binaryMetrics = [
  'roc-auc',
  'average-precision',
  'log-loss',
  'brier-score',
  'accuracy',
  'precision',
  'recall',
  'f1',
  'expected-calibration-error',
] as const satisfies readonly MetricName[]

/** Metrics of a predicted against an actual number. */
export const regressionMetrics = [
  'mean-absolute-error',
  'root-mean-squared-error',
  'r-squared',
] as const satisfies readonly MetricName[]
