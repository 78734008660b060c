import { defineErrors } from '../../kernel/errors/index.ts'

export const outcomeErrors = defineErrors('OUTCOMES', {
  DEPLOYMENT_NOT_FOUND: {
    status: 404,
    message: (name: string) => `There is no deployment "${name}" in this project, and no prediction of one.`,
  },
  PREDICTION_NOT_FOUND: {
    status: 404,
    message: (deployment: string, id: string) => `Deployment "${deployment}" has no prediction "${id}".`,
  },
  BAD_VALUE: {
    status: 400,
    message: (prediction: string) =>
      `The label of prediction "${prediction}" is empty. It must be a number, true or false, or text.`,
  },
  FILE_COLUMN_MISSING: {
    status: 422,
    message: (column: string, known: string) => `The file of labels lacks column "${column}". It has: ${known}.`,
  },
  FILE_BAD_VALUES: {
    status: 422,
    message: (type: string) => `Column "value" has type ${type}. Labels are numbers, true or false, or text.`,
  },
  FILE_BAD_TIME: {
    status: 422,
    message: (type: string) =>
      `Column "event_time" has type ${type}. It must be a timestamp or a whole number of milliseconds UTC.`,
  },
  FILE_EMPTY_CELLS: {
    status: 422,
    message: (rows: number) =>
      `${rows.toLocaleString('en-GB')} ${rows === 1 ? 'row has' : 'rows have'} no prediction id, no value or no time. Nothing was recorded.`,
  },
  BAD_PAGE_TOKEN: { status: 400, message: () => 'The page token is not one that this list returned.' },
  BAD_RANGE: { status: 400, message: () => 'The range is empty: `from` must be before `to`.' },
})
