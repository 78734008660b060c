/** Something in a scatter; `x` may be a word. */
export interface ScatterPoint {
  readonly id: string
  readonly label: string
  readonly x: number | string
  readonly y: number
}

interface ScatterLayout {
  /** How x is read: as it is, by powers of ten, or as words side by side. */
  readonly kind: 'linear' | 'log' | 'words'
  /** `at` is the place on the axis: the number, its power of ten, or the word's index. */
  readonly placed: readonly (ScatterPoint & { readonly at: number })[]
  /** The words in their order; empty for numbers. */
  readonly ticks: readonly string[]
}

/** Numbers that span more than this are drawn by powers of ten: learning rates, not depths. */
const wide = 30

/** Where points stand on the x axis; words are sorted, numbers among words count as words. */
export function placeScatter(points: readonly ScatterPoint[]): ScatterLayout {
  const there = points.filter((point) => Number.isFinite(point.y) && point.x !== '')
  const numbers = there.map((point) => (typeof point.x === 'number' ? point.x : Number(point.x)))
  if (numbers.length > 0 && numbers.every(Number.isFinite)) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
    const kind = low > 0 && high / low >= wide ? 'log' : 'linear'
    const at = (n: number) => (kind === 'log' ? Math.log10(n) : n)
    return {
      kind,
      ticks: [],
      placed: there.map((point, index) => ({ ...point, x: numbers[index] ?? 0, at: at(numbers[index] ?? 0) })),
    }
  }
  const ticks = [...new Set(there.map((point) => String(point.x)))].toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  return { kind: 'words', ticks, placed: there.map((point) => ({ ...point, at: ticks.indexOf(String(point.x)) })) }
}

/** Ticks of an axis by powers of ten: 1, 2 and 5 of each power, or only the powers where there are many. */
export function logTicks(low: number, high: number): number[] {
  const steps = high - low > 2.5 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const step of steps) {
      const at = Math.log10(step) + power
      if (at >= low - 1e-9 && at <= high + 1e-9) ticks.push(Number((step * 10 ** power).toPrecision(6)))
    }
  return ticks
}
