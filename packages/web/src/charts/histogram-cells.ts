/** How values were spread at a step. */
export interface StepHistogram {
  readonly step: number
  /** Ascending, one more than bins. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly count: number
  readonly min: number | null
  readonly max: number | null
}

/** Steps across, values upwards, in rows of one height: what share of the values of a step lies in each. */
export interface HistogramCells {
  readonly steps: readonly number[]
  /** Where each column begins; one more than steps. */
  readonly borders: readonly number[]
  /** The range of the rows; values beyond are in the first or last row. */
  readonly range: readonly [number, number]
  readonly clipped: boolean
  /** By column, then row from below. */
  readonly shares: readonly Float64Array[]
  readonly most: number
}

const rowsOfAll = 48
/** So much wider than the range of nearly all steps, a few steps would leave the others no room. */
const farOut = 8

/** Lays histograms with bins of their own out in common rows; of several at one step the last is taken. */
export function histogramCells(all: readonly StepHistogram[], rows = rowsOfAll): HistogramCells {
  const points = [...new Map(all.map((one) => [one.step, one])).values()]
  const steps = points.map(({ step }) => step)
  const { range, clipped } = rangeOf(points)
  const shares = points.map((point) => rowsOf(point, range, rows))
  return { steps, borders: bordersOf(steps), range, clipped, shares, most: Math.max(0, ...shares.map(greatest)) }
}

function rangeOf(points: readonly StepHistogram[]): Pick<HistogramCells, 'range' | 'clipped'> {
  const lows = points.flatMap(({ min }) => (min === null ? [] : [min])).toSorted((a, b) => a - b)
  const highs = points.flatMap(({ max }) => (max === null ? [] : [max])).toSorted((a, b) => a - b)
  if (lows.length === 0) return { range: [0, 1], clipped: false }
  const whole = [lows[0] as number, highs.at(-1) as number] as const
  const cut = Math.floor(lows.length * 0.05)
  const usual = [lows[cut] as number, highs[highs.length - 1 - cut] as number] as const
  const isFar = usual[1] > usual[0] && whole[1] - whole[0] > farOut * (usual[1] - usual[0])
  const [low, high] = isFar ? usual : whole
  if (low < high) return { range: [low, high], clipped: isFar }
  const pad = low === 0 ? 1 : Math.abs(low) * 0.1
  return { range: [low - pad, high + pad], clipped: isFar }
}

/** Halfway between neighbours; the ends are as wide as what is beside them. */
function bordersOf(steps: readonly number[]): number[] {
  const [first = 0, second = first + 1] = steps
  const last = steps.at(-1) ?? first
  const before = steps.at(-2) ?? last - 1
  return [
    first - (second - first) / 2,
    ...steps.slice(1).map((step, i) => (step + (steps[i] as number)) / 2),
    last + (last - before) / 2,
  ]
}

/** Values of a bin are shared among the rows that it reaches over, as if they lay evenly in it. */
function rowsOf({ edges, counts, count }: StepHistogram, range: readonly [number, number], rows: number): Float64Array {
  const [low, high] = range
  const shares = new Float64Array(rows)
  const rowAt = (value: number) => Math.max(0, Math.min(rows, ((value - low) / (high - low)) * rows))
  for (const [i, own] of counts.entries()) {
    if (own === 0 || count === 0) continue
    const [from, to] = [rowAt(edges[i] as number), rowAt(edges[i + 1] as number)]
    const first = Math.min(rows - 1, Math.floor(from))
    if (to - from < 1e-9) {
      shares[first] = (shares[first] as number) + own / count
      continue
    }
    for (let row = first; row < to; row++) {
      const part = (Math.min(row + 1, to) - Math.max(row, from)) / (to - from)
      if (part > 0) shares[row] = (shares[row] as number) + (part * own) / count
    }
  }
  return shares
}

const greatest = (values: Float64Array): number => values.reduce((most, one) => Math.max(most, one), 0)

/** How dark a share is drawn: 0 for none, to `levels`; square roots, so that tails are seen beside a peak. */
export function levelOf(share: number, most: number, levels: number): number {
  return share <= 0 || most <= 0 ? 0 : Math.max(1, Math.ceil(Math.sqrt(share / most) * levels - 1e-9))
}

/** One path a level: thousands of cells are a few elements. Neighbours of one level in a column are one rectangle. */
export function cellPaths(
  { shares, borders, most }: Pick<HistogramCells, 'shares' | 'borders' | 'most'>,
  toX: (step: number) => number,
  height: number,
  levels: number,
): string[] {
  const paths = Array.from({ length: levels }, () => '')
  const round = (value: number) => Math.round(value * 10) / 10
  for (const [column, rows] of shares.entries()) {
    const [x0, x1] = [round(toX(borders[column] as number)), round(toX(borders[column + 1] as number))]
    const y = (row: number) => round(height - (row / rows.length) * height)
    for (let row = 0; row < rows.length; ) {
      const level = levelOf(rows[row] as number, most, levels)
      let end = row + 1
      while (end < rows.length && levelOf(rows[end] as number, most, levels) === level) end++
      if (level > 0) paths[level - 1] += `M${x0} ${y(row)}H${x1}V${y(end)}H${x0}z`
      row = end
    }
  }
  return paths
}

/** The place of a number in an ascending list that is nearest to a value. */
export function nearestOf(list: readonly number[], value: number): number {
  let best = 0
  for (const [i, one] of list.entries()) if (Math.abs(one - value) < Math.abs((list[best] as number) - value)) best = i
  return best
}
