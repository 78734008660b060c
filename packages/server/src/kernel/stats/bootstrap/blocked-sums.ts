import type { BlockedMetric } from './blocked-metric.ts'
import type { Blocks } from './blocks.ts'

/**
 * A metric that is a function of sums over rows. `collect` adds what a row gives to sums 0 … width − 1; each block's
 * sums are kept, so that a resample costs blocks × width and not a pass over the rows.
 */
export function blockedSums(
  blocks: Blocks,
  width: number,
  collect: (row: number, add: (index: number, value: number) => void) => void,
  valueOf: (sums: Float64Array) => number,
): BlockedMetric {
  const sums = new Float64Array(blocks.count * width)
  let offset = 0
  const add = (index: number, value: number): void => {
    sums[offset + index] = (sums[offset + index] as number) + value
  }
  for (let row = 0; row < blocks.ids.length; row++) {
    offset = (blocks.ids[row] as number) * width
    collect(row, add)
  }
  const total = new Float64Array(width)
  const valueUnder = (weights: Int32Array): number => {
    total.fill(0)
    for (let block = 0; block < blocks.count; block++) {
      const weight = weights[block] as number
      if (weight === 0) continue
      for (let i = 0; i < width; i++) {
        total[i] = (total[i] as number) + weight * (sums[block * width + i] as number)
      }
    }
    return valueOf(total)
  }
  const estimate = valueUnder(new Int32Array(blocks.count).fill(1))
  return { estimate, rows: blocks.ids.length, blocks: blocks.count, valueUnder }
}
