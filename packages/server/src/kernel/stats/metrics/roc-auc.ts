import type { Numbers } from '../types.ts'
import { requireBinary } from './require-binary.ts'

/** The scores of each class, ascending. */
export function scoresByClass(labels: Numbers, scores: Numbers): { positives: Float64Array; negatives: Float64Array } {
  requireBinary(labels, scores)
  let count = 0
  for (let i = 0; i < labels.length; i++) count += labels[i] as number
  const positives = new Float64Array(count)
  const negatives = new Float64Array(labels.length - count)
  let p = 0
  let n = 0
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) positives[p++] = scores[i] as number
    else negatives[n++] = scores[i] as number
  }
  return { positives: positives.sort(), negatives: negatives.sort() }
}

/**
 * The area under the ROC curve: the chance that a positive scores above a negative, ties counting half. Exact.
 * NaN when one of the classes is absent.
 */
export function rocAuc(labels: Numbers, scores: Numbers): number {
  const { positives, negatives } = scoresByClass(labels, scores)
  let twiceWins = 0
  let below = 0
  let upTo = 0
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i] as number
    while (below < negatives.length && (negatives[below] as number) < score) below++
    if (upTo < below) upTo = below
    while (upTo < negatives.length && (negatives[upTo] as number) <= score) upTo++
    twiceWins += below + upTo
  }
  return twiceWins / (2 * positives.length * negatives.length)
}
