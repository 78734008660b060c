import type { EvaluationMetricName } from '@trivium/contract'
import { binaryMetrics, metricDirections, regressionMetrics } from '../../kernel/stats/index.ts'

/** What a model predicts: the probability of yes, or a number. */
export type Task = 'binary' | 'regression'

const words: Record<EvaluationMetricName, string> = {
  'roc-auc': 'AUC',
  'average-precision': 'average precision',
  'log-loss': 'log loss',
  'brier-score': 'Brier score',
  accuracy: 'accuracy',
  precision: 'precision',
  recall: 'recall',
  f1: 'F1',
  'expected-calibration-error': 'calibration error',
  'mean-absolute-error': 'mean absolute error',
  'root-mean-squared-error': 'RMSE',
  'r-squared': 'R²',
}
/** Names that people know metrics by, without case and punctuation. */
const short: Readonly<Record<string, EvaluationMetricName>> = {
  auc: 'roc-auc',
  ap: 'average-precision',
  brier: 'brier-score',
  ece: 'expected-calibration-error',
  mae: 'mean-absolute-error',
  rmse: 'root-mean-squared-error',
  r2: 'r-squared',
}
const bare = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** A metric as a sentence calls it. */
export const metricWord = (metric: EvaluationMetricName): string => words[metric]

/** Reads `log-loss`, `logLoss`, `auc`, …; undefined when the text names no metric. */
export function parseMetric(text: string): EvaluationMetricName | undefined {
  const known = Object.keys(metricDirections) as EvaluationMetricName[]
  return known.find((name) => bare(name) === bare(text)) ?? short[bare(text)]
}

/** The metrics that a task has. */
export function metricsOf(task: Task): readonly EvaluationMetricName[] {
  return task === 'binary' ? binaryMetrics : regressionMetrics
}

/** The metrics that are computed when nobody names any. */
export function usualMetrics(task: Task): readonly EvaluationMetricName[] {
  return task === 'binary' ? ['log-loss', 'roc-auc', 'brier-score'] : regressionMetrics
}
