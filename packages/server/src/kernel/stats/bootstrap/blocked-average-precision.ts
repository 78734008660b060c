import { sortRows } from './blocked-auc.ts'
import type { BlockedMetric, BlockedRows } from './blocked-metric.ts'

/** Average precision for resampling by block; exact, one pass over the sorted rows per resample. */
export function blockedAveragePrecision(rows: BlockedRows): BlockedMetric {
  const { ids, labels, ends } = sortRows(rows)
  const valueUnder = (weights: Int32Array): number => {
    let called = 0
    let found = 0
    let sum = 0
    for (let run = ends.length - 1; run >= 0; run--) {
      const from = run === 0 ? 0 : (ends[run - 1] as number)
      let hits = 0
      for (let row = (ends[run] as number) - 1; row >= from; row--) {
        const weight = weights[ids[row] as number] as number
        called += weight
        hits += weight * (labels[row] as number)
      }
      if (hits === 0) continue
      found += hits
      sum += (hits * found) / called
    }
    return sum / found
  }
  const { count } = rows.blocks
  return { estimate: valueUnder(new Int32Array(count).fill(1)), rows: ids.length, blocks: count, valueUnder }
}
