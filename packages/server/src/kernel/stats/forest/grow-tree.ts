import type { Random } from '../bootstrap/random.ts'
import type { BinnedColumn } from './bin-column.ts'

/** A regression tree: a leaf, or a split whose bins with 1 go left. */
export type Tree =
  | { readonly value: number }
  | { readonly column: number; readonly goesLeft: Uint8Array; readonly left: Tree; readonly right: Tree }

export interface TreeOptions {
  /** Rows that a leaf has at least. */
  readonly leaf: number
  /** How many columns, drawn anew, each split looks at; without it all. */
  readonly drawn?: { readonly columns: number; readonly random: Random }
}

interface Split {
  readonly column: number
  readonly goesLeft: Uint8Array
  readonly gain: number
}

/** Grows a regression tree (CART: L. Breiman and others, "Classification and Regression Trees", 1984) that leaves the smallest squared error after each split. */
export function growTree(
  columns: readonly BinnedColumn[],
  target: Float64Array,
  rows: Uint32Array,
  options: TreeOptions,
): Tree {
  let sum = 0
  for (const row of rows) sum += target[row] as number
  const split = rows.length < 2 * options.leaf ? undefined : bestSplit(columns, target, rows, sum, options)
  if (!split) return { value: sum / rows.length }
  const { bins } = columns[split.column] as BinnedColumn
  let [low, high] = [0, rows.length]
  const parted = new Uint32Array(rows.length)
  for (const row of rows) {
    if (split.goesLeft[bins[row] as number] === 1) parted[low++] = row
    else parted[--high] = row
  }
  return {
    column: split.column,
    goesLeft: split.goesLeft,
    left: growTree(columns, target, parted.subarray(0, low), options),
    right: growTree(columns, target, parted.subarray(low), options),
  }
}

/** The split of rows that lowers the squared error most; undefined where none does. */
function bestSplit(
  columns: readonly BinnedColumn[],
  target: Float64Array,
  rows: Uint32Array,
  sum: number,
  { leaf, drawn }: TreeOptions,
): Split | undefined {
  const whole = (sum * sum) / rows.length
  let best: Split | undefined
  for (const at of drawn ? draw(columns.length, drawn) : columns.keys()) {
    const column = columns[at] as BinnedColumn
    const counts = new Uint32Array(column.size)
    const sums = new Float64Array(column.size)
    for (const row of rows) {
      const bin = column.bins[row] as number
      counts[bin] = (counts[bin] as number) + 1
      sums[bin] = (sums[bin] as number) + (target[row] as number)
    }
    const order = [...counts.keys()].filter((bin) => counts[bin] !== 0)
    // Of all partitions of categories the best is one of those that their means order (W. D. Fisher, 1958).
    const mean = (bin: number) => (sums[bin] as number) / (counts[bin] as number)
    if (!column.ordered) order.sort((a, b) => mean(a) - mean(b) || a - b)
    let [n, left] = [0, 0]
    for (let i = 0; i + 1 < order.length; i += 1) {
      const bin = order[i] as number
      n += counts[bin] as number
      left += sums[bin] as number
      if (n < leaf || rows.length - n < leaf) continue
      const right = sum - left
      const gain = (left * left) / n + (right * right) / (rows.length - n) - whole
      if (gain <= (best?.gain ?? Math.abs(whole) * 1e-12)) continue
      best = { column: at, goesLeft: leftBins(column, order, i + 1), gain }
    }
  }
  return best
}

/** The bins that go left. What no row here has goes with its neighbours where there is an order, and with most bins where there is none. */
function leftBins({ ordered, size }: BinnedColumn, order: readonly number[], left: number): Uint8Array {
  const goesLeft = new Uint8Array(size)
  const last = order[left - 1] as number
  if (ordered) return goesLeft.fill(1, 0, last + 1)
  if (left * 2 > order.length) goesLeft.fill(1)
  for (const [at, bin] of order.entries()) goesLeft[bin] = at < left ? 1 : 0
  return goesLeft
}

/** So many different column numbers, in the order drawn. */
function draw(all: number, { columns, random }: NonNullable<TreeOptions['drawn']>): number[] {
  const numbers = Array.from({ length: all }, (_, at) => at)
  for (let i = 0; i < Math.min(columns, all); i += 1) {
    const j = i + random.below(all - i)
    const kept = numbers[i] as number
    numbers[i] = numbers[j] as number
    numbers[j] = kept
  }
  return numbers.slice(0, columns)
}

/** What the tree says of a row; `binOf` gives the row's bin in a column. */
export function predict(tree: Tree, binOf: (column: number) => number): number {
  let node = tree
  while ('column' in node) node = node.goesLeft[binOf(node.column)] === 1 ? node.left : node.right
  return node.value
}
