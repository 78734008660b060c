import { niceDomain, niceTicks } from './scale.ts'
import { logTicks } from './scatter-layout.ts'
import { formatTick } from './time-series-layout.ts'

/** What is brushed on an axis: a range of numbers, or words. */
export type Brush = { readonly low: number; readonly high: number } | { readonly words: readonly string[] }

/** One thing as a line over the axes; undefined where it has no value. */
export interface ParallelLine {
  readonly id: string
  readonly label: string
  readonly values: readonly (number | string | undefined)[]
}

/** An axis of parallel coordinates: numbers as they are or by powers of ten, or words one over the other. `share` is the height from 0 at the foot to 1 at the top. */
export interface ParallelAxis {
  readonly name: string
  readonly kind: 'linear' | 'log' | 'words'
  readonly words: readonly string[]
  readonly ticks: readonly { readonly share: number; readonly label: string }[]
  readonly share: (value: number | string | undefined) => number | undefined
  /** What a stretch of the axis holds. */
  readonly brushOf: (from: number, to: number) => Brush
  /** From where to where a brush reaches. */
  readonly reach: (brush: Brush) => readonly [number, number]
}

const wide = 30
const mostWords = 20

/** Builds an axis over what the lines have there. */
export function parallelAxis(name: string, values: readonly (number | string | undefined)[]): ParallelAxis {
  const there = values.filter((value) => value !== undefined && value !== '')
  const numbers = there.map(Number)
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) return wordAxis(name, there.map(String))
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const log = low > 0 && high / low >= wide
  const at = (value: number) => (log ? Math.log10(value) : value)
  const [d0, d1] = log && high > low ? [Math.log10(low), Math.log10(high)] : niceDomain(low, high, { count: 4 })
  const back = (share: number) => (log ? 10 ** (d0 + share * (d1 - d0)) : d0 + share * (d1 - d0))
  const nice = niceTicks(d0, d1, 4)
  const share = (value: number) => (at(value) - d0) / (d1 - d0)
  return {
    name,
    kind: log ? 'log' : 'linear',
    words: [],
    ticks: log
      ? logTicks(d0, d1).map((value) => ({ share: share(value), label: String(Number(value.toPrecision(3))) }))
      : nice.ticks.map((value) => ({ share: share(value), label: formatTick(value, 'number', nice.decimals) })),
    share: (value) =>
      value === undefined || value === '' || !Number.isFinite(Number(value)) ? undefined : share(Number(value)),
    brushOf: (from, to) => ({ low: rounded(back(Math.min(from, to))), high: rounded(back(Math.max(from, to))) }),
    reach: (brush) => ('words' in brush ? [0, 0] : [share(brush.low), share(brush.high)]),
  }
}

function wordAxis(name: string, values: readonly string[]): ParallelAxis {
  const words = [...new Set(values)].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const share = (index: number) => (words.length < 2 ? 0.5 : 1 - index / (words.length - 1))
  const every = Math.ceil(words.length / mostWords)
  const half = words.length < 2 ? 0.5 : 0.5 / (words.length - 1)
  return {
    name,
    kind: 'words',
    words,
    ticks: words.flatMap((label, index) => (index % every === 0 ? [{ share: share(index), label }] : [])),
    share: (value) => {
      const index = value === undefined ? -1 : words.indexOf(String(value))
      return index < 0 ? undefined : share(index)
    },
    brushOf: (from, to) => ({
      words: words.filter((_, index) => share(index) >= Math.min(from, to) && share(index) <= Math.max(from, to)),
    }),
    reach: (brush) => {
      const shares = 'words' in brush ? words.flatMap((word, i) => (brush.words.includes(word) ? [share(i)] : [])) : []
      return shares.length === 0 ? [0, 0] : [Math.min(...shares) - half, Math.max(...shares) + half]
    },
  }
}

/** Four digits: a brush is drawn by hand. */
const rounded = (value: number): number => Number(value.toPrecision(4))

/** Whether a value lies in a brush; nothing lies in none. */
export function inBrush(brush: Brush, value: number | string | undefined): boolean {
  if (value === undefined || value === '') return false
  if ('words' in brush) return brush.words.includes(String(value))
  return Number(value) >= brush.low && Number(value) <= brush.high
}
