import { argsort } from '../metrics/argsort.ts'
import type { BlockedRows } from './blocked-metric.ts'

/**
 * Rows in ascending order of score, each as one word: block·2 + label, with all bits flipped (so negative) when the
 * next row has the same score. One word a row keeps the passes of the bootstrap at a few nanoseconds a row.
 */
export function sortRows({ actual, predicted, blocks }: BlockedRows): Int32Array {
  const order = argsort(predicted)
  const words = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number
    const word = (blocks.ids[row] as number) * 2 + (actual[row] as number)
    const next = order[i + 1]
    words[i] = next !== undefined && predicted[next] === predicted[row] ? ~word : word
  }
  return words
}

/** The same rows with the highest score first. */
export function reversedRows(words: Int32Array): Int32Array {
  const reversed = new Int32Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[words.length - 1 - i] as number
    const tied = i + 1 < words.length && (words[words.length - 2 - i] as number) < 0
    const plain = word < 0 ? ~word : word
    reversed[i] = tied ? ~plain : plain
  }
  return reversed
}
