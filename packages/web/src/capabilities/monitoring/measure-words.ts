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

/** A chance as it is written: `< 0.0001`, `0.012`. */
export function formatChance(q: number): string {
  return q < 1e-4 ? '< 0.0001' : String(Number(q.toPrecision(2)))
}

/** How many labels of a window have come: `99 % labelled`, `labels still to come`. */
export function labelledWords({
  predicted,
  labelled,
}: {
  readonly predicted: number
  readonly labelled: number
}): string {
  return labelled === 0 ? 'labels still to come' : `${Math.floor((100 * labelled) / predicted)} % labelled`
}

/** Whether the labels of a window are all there. */
export function arrivalWord({ ripe, labelled }: { readonly ripe: boolean; readonly labelled: number }): string {
  return !ripe ? 'labels still arrive' : labelled === 0 ? 'none came in time' : 'judged'
}
