import type { Numbers } from '../types.ts'

/** Rows grouped into blocks that are drawn as a whole: `ids` has the block of each row, numbered from 0. */
export interface Blocks {
  readonly ids: Int32Array
  readonly count: number
}

const MILLISECONDS_OF_A_DAY = 86_400_000

/** Groups rows that share a key (a day, a user, an airport); blocks are numbered in order of first appearance. */
export function blocksOf(keys: ArrayLike<number | string>): Blocks {
  const numbers = new Map<number | string, number>()
  const ids = new Int32Array(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as number | string
    let id = numbers.get(key)
    if (id === undefined) {
      id = numbers.size
      numbers.set(key, id)
    }
    ids[i] = id
  }
  return { ids, count: numbers.size }
}

/** Groups rows by the UTC day of their event time in milliseconds. `offset` (milliseconds) moves midnight, for a local day. */
export function dayBlocks(times: Numbers, { offset = 0 }: { offset?: number } = {}): Blocks {
  return blocksOf(Float64Array.from(times, (time) => Math.floor((time + offset) / MILLISECONDS_OF_A_DAY)))
}
