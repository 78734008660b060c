import { rowWidth } from '../../kernel/models/index.ts'
import type { ModelSignature } from '../../kernel/ports/index.ts'
import { evaluationErrors } from './errors.ts'
import type { ModelFile } from './model-file.ts'

/** Columns that the rows need, and, where the model takes one tensor of several, their order in it. */
export interface ChosenFeatures {
  readonly columns: readonly string[]
  readonly order?: readonly string[]
}

/** Works out which columns feed a model: one for each input, or the ones that one tensor is made of. */
export function chooseFeatures(
  signature: ModelSignature,
  file: ModelFile,
  features: readonly string[] | undefined,
  called: string,
): ChosenFeatures {
  const [only, another] = signature.inputs
  if (only && another === undefined && rowWidth(only) !== 1) {
    const order = features ?? (file.columns.length > 0 ? file.columns : undefined)
    if (!order) throw evaluationErrors.FEATURES_NEEDED(called, only.name)
    return { columns: order, order }
  }
  if (only && another === undefined && features?.length === 1) return { columns: features, order: features }
  return { columns: signature.inputs.map(({ name }) => name) }
}
