import { argsort } from '../metrics/argsort.ts'
import type { BlockedMetric, BlockedRows } from './blocked-metric.ts'

/** Rows in ascending order of score: their block, their label, and where each run of equal scores ends. */
interface SortedRows {
  readonly ids: Int32Array
  readonly labels: Uint8Array
  readonly ends: Uint32Array
}

/** Sorts rows by score once, for metrics that depend on the order of scores only. */
export function sortRows({ actual, predicted, blocks }: BlockedRows): SortedRows {
  const order = argsort(predicted)
  const ids = new Int32Array(order.length)
  const labels = new Uint8Array(order.length)
  const ends: number[] = []
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number
    ids[i] = blocks.ids[row] as number
    labels[i] = actual[row] as number
    const next = order[i + 1]
    if (next === undefined || predicted[next] !== predicted[row]) ends.push(i + 1)
  }
  return { ids, labels, ends: Uint32Array.from(ends) }
}

/** The weighted share of pairs won by one pass over the sorted rows. */
function byPass({ ids, labels, ends }: SortedRows, weights: Int32Array): number {
  let twiceWins = 0
  let below = 0
  let positives = 0
  let row = 0
  for (let run = 0; run < ends.length; run++) {
    const end = ends[run] as number
    let all = 0
    let hits = 0
    for (; row < end; row++) {
      const weight = weights[ids[row] as number] as number
      all += weight
      hits += weight * (labels[row] as number)
    }
    const misses = all - hits
    twiceWins += hits * (2 * below + misses)
    below += misses
    positives += hits
  }
  return twiceWins / (2 * positives * below)
}

/** Twice the pairs that a positive of block r wins against a negative of block c (ties count one), at [r·blocks + c]. */
function pairTable({ ids, labels, ends }: SortedRows, blocks: number): Float64Array {
  const table = new Float64Array(blocks * blocks)
  const twiceBelow = new Float64Array(blocks)
  let from = 0
  for (let run = 0; run < ends.length; run++) {
    const end = ends[run] as number
    for (let i = from; i < end; i++) {
      const id = ids[i] as number
      if (labels[i] === 0) twiceBelow[id] = (twiceBelow[id] as number) + 1
    }
    for (let i = from; i < end; i++) {
      if (labels[i] === 0) continue
      const offset = (ids[i] as number) * blocks
      for (let c = 0; c < blocks; c++) table[offset + c] = (table[offset + c] as number) + (twiceBelow[c] as number)
    }
    for (let i = from; i < end; i++) {
      const id = ids[i] as number
      if (labels[i] === 0) twiceBelow[id] = (twiceBelow[id] as number) + 1
    }
    from = end
  }
  return table
}

/** The weighted share of pairs won, as a quadratic form over the table of block pairs. */
function byTable(table: Float64Array, positives: Float64Array, negatives: Float64Array, weights: Int32Array): number {
  const blocks = weights.length
  let twiceWins = 0
  let hits = 0
  let misses = 0
  for (let r = 0; r < blocks; r++) {
    const weight = weights[r] as number
    if (weight === 0) continue
    hits += weight * (positives[r] as number)
    misses += weight * (negatives[r] as number)
    let sum = 0
    for (let c = 0; c < blocks; c++) sum += (table[r * blocks + c] as number) * (weights[c] as number)
    twiceWins += weight * sum
  }
  return twiceWins / (2 * hits * misses)
}

/**
 * The area under the ROC curve for resampling by block, exact with ties in both forms: while blocks² ≤ 2·rows a table
 * of wins between blocks makes a resample cost blocks² steps, otherwise it costs one pass over the rows.
 */
export function blockedAuc(rows: BlockedRows): BlockedMetric {
  const sorted = sortRows(rows)
  const { count } = rows.blocks
  const size = sorted.ids.length
  let valueUnder = (weights: Int32Array): number => byPass(sorted, weights)
  if (count * count <= 2 * size) {
    const table = pairTable(sorted, count)
    const positives = new Float64Array(count)
    const negatives = new Float64Array(count)
    for (let i = 0; i < size; i++) {
      const id = sorted.ids[i] as number
      if (sorted.labels[i] === 1) positives[id] = (positives[id] as number) + 1
      else negatives[id] = (negatives[id] as number) + 1
    }
    valueUnder = (weights) => byTable(table, positives, negatives, weights)
  }
  return { estimate: valueUnder(new Int32Array(count).fill(1)), rows: size, blocks: count, valueUnder }
}
