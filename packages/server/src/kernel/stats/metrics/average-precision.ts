import type { Numbers } from '../types.ts'
import { scoresByClass } from './roc-auc.ts'

/**
 * The area under the precision–recall curve as a step function (average precision); equal scores enter together.
 * NaN without a positive.
 */
export function averagePrecision(labels: Numbers, scores: Numbers): number {
  const { positives, negatives } = scoresByClass(labels, scores)
  let i = positives.length
  let j = negatives.length
  let sum = 0
  while (i > 0) {
    const score = positives[i - 1] as number
    const before = i
    while (i > 0 && positives[i - 1] === score) i--
    while (j > 0 && (negatives[j - 1] as number) >= score) j--
    const found = positives.length - i
    sum += ((before - i) * found) / (found + negatives.length - j)
  }
  return sum / positives.length
}
