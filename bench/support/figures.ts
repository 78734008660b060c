/** The q-quantile of some figures: the smallest that at least this share does not exceed. */
export function quantile(figures: readonly number[], q: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(half)] ?? Number.NaN)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
}

/** A figure with three digits that mean something, and thousands apart. */
export function show(figure: number): string {
  if (!Number.isFinite(figure)) return '–'
  const rounded = Number(figure.toPrecision(3))
  return Math.abs(rounded) >= 1000 ? Math.round(figure).toLocaleString('en') : String(rounded)
}
