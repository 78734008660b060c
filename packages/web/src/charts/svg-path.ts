/** A point in pixels; null where there is none, which leaves a gap. */
export type PixelPoint = readonly [x: number, y: number] | null

const round = (n: number) => Math.round(n * 10) / 10

/** A line with straight segments; gaps stay gaps. */
export function linePath(points: readonly PixelPoint[]): string {
  let path = ''
  let pen = false
  for (const point of points) {
    if (!point) {
      pen = false
      continue
    }
    path += `${pen ? 'L' : 'M'}${round(point[0])} ${round(point[1])}`
    pen = true
  }
  return path
}

/** The area between two lines over the same x; a gap in either parts it. */
export function bandPath(
  points: readonly ({ readonly x: number; readonly low: number; readonly high: number } | null)[],
): string {
  let path = ''
  let run: { x: number; low: number; high: number }[] = []
  const close = () => {
    if (run.length > 1) {
      path += `M${run.map((p) => `${round(p.x)} ${round(p.high)}`).join('L')}L${run
        .toReversed()
        .map((p) => `${round(p.x)} ${round(p.low)}`)
        .join('L')}Z`
    }
    run = []
  }
  for (const point of points) {
    if (point) run.push(point)
    else close()
  }
  close()
  return path
}
