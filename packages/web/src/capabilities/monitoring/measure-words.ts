const measures: Record<string, string> = {
  'kolmogorov-smirnov': 'KS',
  'population-stability-index': 'PSI',
  'total-variation': 'TV',
  'roc-auc': 'AUC',
  'log-loss': 'log loss',
  'brier-score': 'Brier score',
  'mean-absolute-error': 'mean absolute error',
  'root-mean-squared-error': 'RMSE',
  'expected-calibration-error': 'calibration error',
  'average-precision': 'average precision',
  'r-squared': 'R²',
  f1: 'F1',
}

/** What people call a metric or a distance: `AUC`, `KS`. */
export function measureWord(name: string): string {
  return measures[name] ?? name.replaceAll('-', ' ')
}

/** The same at the beginning of a line: `Log loss`. */
export function measureTitle(name: string): string {
  return upperFirst(measureWord(name))
}

/** A sentence that begins with a metric. */
export function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A limit as somebody chose it: `0.1`, not `0.1000`. */
export function formatLimit(value: number): string {
  return String(Number(value.toPrecision(4))).replace('-', '\u2212')
}

/** A chance as it is written: `2e-9`, `0.012`. */
export function formatChance(q: number): string {
  if (q === 0) return '< 1e-300'
  return q < 0.001 ? q.toExponential(0).replace('+', '') : q.toFixed(3)
}
