import type { BlockedMetric, BlockedRows } from './blocked-metric.ts'
import { reversedRows, sortRows } from './sort-rows.ts'

/** Average precision for resampling by block; exact, one pass over the sorted rows per resample. */
export function blockedAveragePrecision(rows: BlockedRows): BlockedMetric {
  const words = reversedRows(sortRows(rows))
  const valueUnder = (weights: Int32Array): number => {
    let called = 0
    let found = 0
    let hits = 0
    let sum = 0
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number
      const plain = word ^ (word >> 31)
      const weight = weights[plain >> 1] as number
      called = (called + weight) | 0
      hits = (hits + (weight & -(plain & 1))) | 0
      if (word < 0 || hits === 0) continue
      found = (found + hits) | 0
      sum += (hits * found) / called
      hits = 0
    }
    return sum / found
  }
  const { count } = rows.blocks
  return { estimate: valueUnder(new Int32Array(count).fill(1)), rows: words.length, blocks: count, valueUnder }
}
