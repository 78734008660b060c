import { defineErrors } from '../../kernel/errors/index.ts'

export const evaluationErrors = defineErrors('EVALUATION', {
  NOT_FOUND: { status: 404, message: (id: string) => `There is no evaluation "${id}" in this project.` },
  BAD_SETTING: { status: 400, message: (why: string) => `The evaluation is not described rightly: ${why}` },
  INPUT_MISSING: {
    status: 400,
    message: (name: string, like: string) => `An evaluation needs an input named "${name}", such as ${like}.`,
  },
  NO_MODEL_FILE: {
    status: 422,
    message: (model: string, found: string) =>
      `${model} has no ONNX file. It holds ${found}. Export the model to ONNX and log the file with it.`,
  },
  SEVERAL_MODEL_FILES: {
    status: 422,
    message: (model: string, found: string) =>
      `${model} has several ONNX files: ${found}. Call the one that is meant model.onnx.`,
  },
  COLUMN_MISSING: {
    status: 422,
    message: (what: string, column: string, dataset: string, known: string) =>
      `${what} "${column}" is no column of ${dataset}. It has: ${known}.`,
  },
  FEATURES_NEEDED: {
    status: 422,
    message: (model: string, input: string) =>
      `${model} takes one tensor "${input}" and does not say which columns it is made of. Name them in order under "features", or log the model with a signature.`,
  },
  NO_EVENT_TIME: {
    status: 422,
    message: (dataset: string) =>
      `${dataset} has no event time column, and rows of one day are not independent. Name the column under "blocks".`,
  },
  NOT_A_TIME: {
    status: 422,
    message: (column: string, type: string) => `Column "${column}" is ${type}; "blocks" needs a timestamp or a date.`,
  },
  NO_ROWS: {
    status: 422,
    message: (dataset: string, why: string) => `There is nothing to evaluate on in ${dataset}: ${why}.`,
  },
  LABEL_UNUSABLE: { status: 422, message: (column: string, why: string) => `Label "${column}" ${why}.` },
  NO_SUCH_OUTPUT: {
    status: 422,
    message: (model: string, output: string, known: string) => `${model} has no output "${output}". It gives ${known}.`,
  },
  OUTPUT_NEEDED: {
    status: 422,
    message: (model: string, known: string) =>
      `It is not plain which output of ${model} is the prediction. It gives ${known}; name one under "prediction".`,
  },
  SCORES_UNUSABLE: {
    status: 422,
    message: (model: string, output: string, why: string) => `Output "${output}" of ${model} ${why}.`,
  },
  TRAINED_ON_THESE_ROWS: {
    status: 422,
    message: (model: string, training: string, trained: string, evaluated: string) =>
      `${model} was trained on ${training}, which holds ${trained}; the rows to evaluate on are of ${evaluated}. A model always looks good on rows that it has seen. Take later rows, or say allowOverlap: true.`,
  },
  DIFFERENT_ROWS: {
    status: 409,
    message: (one: string, other: string) =>
      `${one} and ${other} do not stand on the same rows (dataset version, filter, label and event time), so their models cannot be compared row by row.`,
  },
  DIFFERENT_TASKS: {
    status: 409,
    message: (metric: string, task: string) => `${metric} is no metric of a ${task} model.`,
  },
})
