import { defineErrors } from '../errors/index.ts'

/** What can be wrong with a model file, and with what it is fed. */
export const modelErrors = defineErrors('MODEL', {
  NOT_READABLE: { status: 422, message: (why: string) => `The file is not an ONNX model that can be read: ${why}` },
  NOT_TENSOR: {
    status: 422,
    message: (output: string) =>
      `Output "${output}" is a list of maps, which cannot be served. Export the model again with to_onnx(model, …, options={"zipmap": False}).`,
  },
  UNSUPPORTED_TYPE: {
    status: 422,
    message: (name: string, datatype: string) =>
      `"${name}" has the type ${datatype}, which is not supported. Use float, double, int64, int32, uint8, bool or string tensors.`,
  },
  COLUMNS_MISSING: {
    status: 422,
    message: (missing: string, found: string) =>
      `The rows have no column for the model's input ${missing}. They have: ${found}.`,
  },
  COLUMN_UNUSABLE: {
    status: 422,
    message: (column: string, why: string) => `Column "${column}" cannot be fed to the model: ${why}`,
  },
  RUN_FAILED: { status: 422, message: (why: string) => `The model failed on these inputs: ${why}` },
  SCORER_LOST: {
    status: 503,
    message: (how: string) =>
      `The scoring process ended under the work (${how}). Try again; if it ends again, the model needs more memory than there is or breaks the runtime.`,
  },
  CANCELLED: { status: 499, message: () => 'Scoring was cancelled by its caller.' },
})
