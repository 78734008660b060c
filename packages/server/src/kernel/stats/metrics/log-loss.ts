import type { Numbers } from '../types.ts'
import { requireBinary } from './require-binary.ts'

/** The log loss of one row in nats; the score is clipped to [2⁻⁵², 1 − 2⁻⁵²], so a certain mistake costs 36 and not infinity. */
export function logLossOfRow(label: number, score: number): number {
  const p = Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, score))
  return label === 1 ? -Math.log(p) : -Math.log1p(-p)
}

/** The mean log loss of probabilities against labels 0 or 1, in nats. Lower is better; NaN for no rows. */
export function logLoss(labels: Numbers, scores: Numbers): number {
  requireBinary(labels, scores)
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += logLossOfRow(labels[i] as number, scores[i] as number)
  return sum / labels.length
}
