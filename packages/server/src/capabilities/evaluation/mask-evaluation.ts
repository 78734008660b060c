import type { Evaluation } from '@trivium/contract'
import { type Mask, redacted } from '../access/index.ts'

/** An evaluation whose slices by personal columns do not say which value each is. */
export function maskEvaluation(mask: Mask, evaluation: Evaluation): Evaluation {
  if (!mask.any) return evaluation
  const { slices, trainingPredictions } = evaluation
  return {
    ...evaluation,
    slices: slices.map((one) =>
      mask.hides(one.column) ? { ...one, slices: one.slices.map((slice) => ({ ...slice, value: redacted })) } : one,
    ),
    ...(trainingPredictions
      ? {
          trainingPredictions: {
            ...trainingPredictions,
            slices: trainingPredictions.slices.map((one) =>
              mask.hides(one.column) ? { ...one, value: redacted } : one,
            ),
          },
        }
      : {}),
  }
}
