import type { ChartPoint } from '../../../charts/chart-types.ts'

/**
 * Exponential moving mean without the pull of its beginning (each mean is divided by the weight that it has so far); gaps stay gaps.
 * `weight` of 0 changes nothing, near 1 smooths most.
 */
export function smoothPoints(points: readonly ChartPoint[], weight: number): ChartPoint[] {
  let mean = 0
  let mass = 0
  return points.map((point) => {
    if (point.y === null) return point
    mean = weight * mean + (1 - weight) * point.y
    mass = weight * mass + (1 - weight)
    return { x: point.x, y: mean / mass }
  })
}

const mostPoints = 240

/** Mean of several curves with one standard deviation to either side, on the steps of all of them; a curve counts between its first and its last point. */
export function bandOf(curves: readonly (readonly ChartPoint[])[]): ChartPoint[] {
  const measured = curves.map((points) => points.filter((point) => point.y !== null)).filter((one) => one.length > 0)
  const all = [...new Set(measured.flatMap((points) => points.map((point) => point.x)))].toSorted((a, b) => a - b)
  const every = Math.max(1, Math.ceil(all.length / mostPoints))
  const grid = all.filter((_, at) => at % every === 0 || at === all.length - 1)
  const cursors = measured.map(() => 0)
  return grid.map((x) => {
    const values = measured.flatMap((points, index) => {
      let at = cursors[index] ?? 0
      while (at + 1 < points.length && (points[at + 1]?.x ?? 0) <= x) at += 1
      cursors[index] = at
      const value = between(points[at], points[at + 1], x)
      return value === undefined ? [] : [value]
    })
    if (values.length === 0) return { x, y: null }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    if (values.length < 2) return { x, y: mean }
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
    return { x, y: mean, low: mean - sd, high: mean + sd }
  })
}

function between(left: ChartPoint | undefined, right: ChartPoint | undefined, x: number): number | undefined {
  if (left?.y === undefined || left.y === null || x < left.x) return undefined
  if (x === left.x) return left.y
  if (right?.y === undefined || right.y === null) return undefined
  return left.y + ((x - left.x) / (right.x - left.x)) * (right.y - left.y)
}
