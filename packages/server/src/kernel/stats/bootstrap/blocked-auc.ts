import type { BlockedMetric, BlockedRows } from './blocked-metric.ts'
import { sortRows } from './sort-rows.ts'

/** The weighted share of pairs won, by one pass over the sorted rows. */
function byPass(words: Int32Array, weights: Int32Array): number {
  let twiceWins = 0
  let below = 0
  let positives = 0
  let hits = 0
  let misses = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const plain = word ^ (word >> 31)
    const weight = weights[plain >> 1] as number
    const hit = weight & -(plain & 1)
    hits = (hits + hit) | 0
    misses = (misses + weight - hit) | 0
    if (word < 0) continue
    twiceWins += hits * (below + below + misses)
    below += misses
    positives += hits
    hits = 0
    misses = 0
  }
  return twiceWins / (2 * positives * below)
}

/** Twice the pairs that a positive of block r wins against a negative of block c (ties count one), at [r·blocks + c]. */
function pairTable(words: Int32Array, blocks: number): Float64Array {
  const table = new Float64Array(blocks * blocks)
  const twiceBelow = new Float64Array(blocks)
  const addMisses = (from: number, end: number): void => {
    for (let i = from; i < end; i++) {
      const word = words[i] as number
      const plain = word < 0 ? ~word : word
      if ((plain & 1) === 0) twiceBelow[plain >> 1] = (twiceBelow[plain >> 1] as number) + 1
    }
  }
  let from = 0
  for (let i = 0; i < words.length; i++) {
    if ((words[i] as number) < 0) continue
    addMisses(from, i + 1)
    for (let row = from; row <= i; row++) {
      const word = words[row] as number
      const plain = word < 0 ? ~word : word
      if ((plain & 1) === 0) continue
      const offset = (plain >> 1) * blocks
      for (let c = 0; c < blocks; c++) table[offset + c] = (table[offset + c] as number) + (twiceBelow[c] as number)
    }
    addMisses(from, i + 1)
    from = i + 1
  }
  return table
}

/** Rows of one class in each block. */
function countsOf(words: Int32Array, blocks: number, label: 0 | 1): Float64Array {
  const counts = new Float64Array(blocks)
  for (const word of words) {
    const plain = word < 0 ? ~word : word
    if ((plain & 1) === label) counts[plain >> 1] = (counts[plain >> 1] as number) + 1
  }
  return counts
}

/** The weighted share of pairs won, as a quadratic form over the table of block pairs. */
function byTable(words: Int32Array, blocks: number): (weights: Int32Array) => number {
  const table = pairTable(words, blocks)
  const positives = countsOf(words, blocks, 1)
  const negatives = countsOf(words, blocks, 0)
  return (weights) => {
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
}

/**
 * The area under the ROC curve for resampling by block, exact with ties in both forms: while blocks² ≤ 2·rows a table
 * of wins between blocks makes a resample cost blocks² steps, otherwise it costs one pass over the rows.
 */
export function blockedAuc(rows: BlockedRows): BlockedMetric {
  const words = sortRows(rows)
  const { count } = rows.blocks
  const valueUnder =
    count * count <= 2 * words.length ? byTable(words, count) : (weights: Int32Array): number => byPass(words, weights)
  return { estimate: valueUnder(new Int32Array(count).fill(1)), rows: words.length, blocks: count, valueUnder }
}
