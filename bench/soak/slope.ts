/** A figure at a moment, in minutes. */
export interface Point {
  readonly at: number
  readonly value: number
}

/** By how much a figure grows in a minute: the line with the least squares through its points. */
export function slopeOf(points: readonly Point[]): number {
  if (points.length < 2) return 0
  const mean = (pick: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length
  const [at, value] = [mean((point) => point.at), mean((point) => point.value)]
  const spread = mean((point) => (point.at - at) ** 2)
  return spread === 0 ? 0 : mean((point) => (point.at - at) * (point.value - value)) / spread
}
