import { type Numbers, requireSameLength } from '../types.ts'

/** Throws unless labels are 0 or 1 and scores are finite numbers, as many as there are labels. */
export function requireBinary(labels: Numbers, scores: Numbers): void {
  requireSameLength(labels, scores, 'Labels and scores')
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    if (label !== 0 && label !== 1) throw new RangeError(`Labels must be 0 or 1; row ${i} has ${label}.`)
    if (!Number.isFinite(scores[i])) throw new RangeError(`Scores must be finite; row ${i} has ${scores[i]}.`)
  }
}
