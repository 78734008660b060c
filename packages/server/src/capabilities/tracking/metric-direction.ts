import type { RunMetricDirection } from '@trivium/contract'

const lower = new Set(
  'loss error errors err mae mse rmse mape smape rmsle msle brier ece nll deviance perplexity hinge hamming latency seconds duration time ms wer cer fpr fnr regret miss misses crossentropy logloss'.split(
    ' ',
  ),
)
const higher = new Set(
  'auc auroc auprc roc ap map acc accuracy precision recall f1 f2 fbeta r2 ndcg mrr iou dice bleu rouge kappa mcc gini sensitivity specificity tpr tnr hit hits throughput likelihood explained'.split(
    ' ',
  ),
)
/** Words that say "more is better" only where nothing else speaks: `brier_score` is a loss. */
const weaklyHigher = new Set(['score', 'reward', 'gain', 'lift', 'profit', 'coverage'])

/**
 * Whether more or less of a metric is better, as its name says; null where the name says nothing or both. A name that begins
 * with `neg` is a loss turned round, as scikit-learn's `neg_log_loss` is.
 */
export function metricDirectionOf(key: string): RunMetricDirection | null {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  const less = words.some((word) => lower.has(word))
  const more = words.some((word) => higher.has(word))
  const turned = words.some((word) => word === 'neg' || word === 'negative')
  if (less && more) return null
  if (less) return turned ? 'higher-is-better' : 'lower-is-better'
  if (more || words.some((word) => weaklyHigher.has(word))) return 'higher-is-better'
  return null
}
