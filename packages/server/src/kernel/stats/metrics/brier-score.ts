import type { Numbers } from '../types.ts'
import { requireBinary } from './require-binary.ts'

/** The mean squared distance of probabilities from labels 0 or 1. Lower is better; NaN for no rows. */
export function brierScore(labels: Numbers, scores: Numbers): number {
  requireBinary(labels, scores)
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += ((scores[i] as number) - (labels[i] as number)) ** 2
  return sum / labels.length
}
