import { columnNames, rowWidth } from '../../kernel/models/index.ts'
import type { ModelSignature, TensorSpec } from '../../kernel/ports/index.ts'
import { evaluationErrors } from './errors.ts'
import type { Task } from './metric-words.ts'

/** Which column of the scored table is the prediction, and what people call it. */
export interface ChosenOutput {
  readonly column: string
  readonly name: string
}

const isReal = ({ datatype }: TensorSpec): boolean => datatype === 'FP32' || datatype === 'FP64'
const choicesOf = (spec: TensorSpec): ChosenOutput[] => {
  const width = rowWidth(spec) ?? 1
  return columnNames(spec.name, width).map((column, index) => ({
    column,
    name: width === 1 ? spec.name : `${spec.name}[${index}]`,
  }))
}

const find = (choices: readonly ChosenOutput[], wanted: string): ChosenOutput | undefined =>
  choices.find(({ name, column }) => name === wanted || column === wanted || `${name}[0]` === wanted)

export const hasOutput = (signature: ModelSignature, wanted: string): boolean =>
  find(signature.outputs.flatMap(choicesOf), wanted) !== undefined

/**
 * Finds the output that `wanted` names (`probabilities[1]`, `variable`). Without a name: the second of two probabilities, or the only real number a row;
 * where several would do, EVALUATION.OUTPUT_NEEDED lists them.
 */
export function chooseOutput(
  signature: ModelSignature,
  wanted: string | undefined,
  task: Task,
  called: string,
): ChosenOutput {
  const choices = signature.outputs.flatMap(choicesOf)
  const known = choices.map(({ name }) => name).join(', ')
  if (wanted !== undefined) {
    const found = find(choices, wanted)
    if (!found) throw evaluationErrors.NO_SUCH_OUTPUT(called, wanted, known)
    return found
  }
  const reals = signature.outputs.filter(isReal)
  const pairs = reals.filter((spec) => rowWidth(spec) === 2)
  const singles = reals.filter((spec) => rowWidth(spec) === 1)
  const [only, another] = task === 'binary' && pairs.length > 0 ? pairs : singles
  const found = only && another === undefined ? choicesOf(only).at(-1) : undefined
  if (!found) throw evaluationErrors.OUTPUT_NEEDED(called, known)
  return found
}
