import { type Numbers, requireSameLength } from '../types.ts'
import { requireBinary } from './require-binary.ts'

/** The four counts of a binary decision. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

/** Counts decisions "positive when the score is at least the threshold" against labels 0 or 1. */
export function confusionOf(labels: Numbers, scores: Numbers, threshold = 0.5): Confusion {
  requireBinary(labels, scores)
  const counts = new Float64Array(4)
  for (let i = 0; i < labels.length; i++) {
    const cell = (labels[i] as number) * 2 + ((scores[i] as number) >= threshold ? 1 : 0)
    counts[cell] = (counts[cell] as number) + 1
  }
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts as unknown as [
    number,
    number,
    number,
    number,
  ]
  return { truePositives, falsePositives, trueNegatives, falseNegatives }
}

/** The share of right decisions; NaN for no rows. */
export function accuracyOf({ truePositives, falsePositives, trueNegatives, falseNegatives }: Confusion): number {
  return (truePositives + trueNegatives) / (truePositives + falsePositives + trueNegatives + falseNegatives)
}

/** The share of positives among what was called positive; 0 when nothing was. */
export function precisionOf({ truePositives, falsePositives }: Confusion): number {
  const called = truePositives + falsePositives
  return called === 0 ? 0 : truePositives / called
}

/** The share of positives that were found; 0 when there is none. */
export function recallOf({ truePositives, falseNegatives }: Confusion): number {
  const positives = truePositives + falseNegatives
  return positives === 0 ? 0 : truePositives / positives
}

/** The harmonic mean of precision and recall; 0 when both are. */
export function f1Of({ truePositives, falsePositives, falseNegatives }: Confusion): number {
  const sum = 2 * truePositives + falsePositives + falseNegatives
  return sum === 0 ? 0 : (2 * truePositives) / sum
}

/** The share of rows whose predicted class (of any number of classes) equals the label; NaN for no rows. */
export function accuracy(labels: Numbers, predicted: Numbers): number {
  requireSameLength(labels, predicted, 'Labels and predicted classes')
  let right = 0
  for (let i = 0; i < labels.length; i++) if (labels[i] === predicted[i]) right++
  return right / labels.length
}
