import { defineErrors } from '../../kernel/errors/index.ts'

export const featureErrors = defineErrors('FEATURES', {
  NOT_FOUND: { status: 404, message: (name: string) => `Feature view "${name}" does not exist in this project.` },
  VERSION_NOT_FOUND: {
    status: 404,
    message: (name: string, version: number) => `Feature view "${name}" has no version ${version}.`,
  },
  SHAPE_CHANGED: {
    status: 409,
    message: (name: string) =>
      `The keys and columns of feature view "${name}" cannot change: rows are stored under them. Define a view with another name.`,
  },
  UNKNOWN_VALUE: {
    status: 400,
    message: (row: string, column: string, known: string) =>
      `Row "${row}" has a value "${column}"; the view has ${known}.`,
  },
  BAD_VALUE: {
    status: 400,
    message: (row: string, column: string, type: string, found: string) =>
      `Row "${row}": ${column} must be a ${type} or null; got ${found}.`,
  },
  KNOWN_BEFORE_EVENT: {
    status: 400,
    message: (row: string) => `Row "${row}" was known before it happened: knownAt is less than eventTime.`,
  },
  FILE_COLUMN_MISSING: {
    status: 422,
    message: (column: string, known: string) => `The file lacks column "${column}". It has: ${known}.`,
  },
  LEAKAGE: {
    status: 422,
    message: (columns: string, time: string, example: string, later: string) =>
      `These features would not exist at serving time: ${columns}. ${example} (moments by ${time}). ${later === '' ? 'They are made from rows that happened later.' : `Columns declared to come later: ${later}.`} Compute them from a feature view, which sees only what was known, or name them under "label" if they are the answer.`,
  },
  NO_ENTITY_COLUMN: {
    status: 400,
    message: (column: string, known: string) => `The entities have no column "${column}". They have: ${known}.`,
  },
  BAD_WINDOW: { status: 400, message: (window: string) => `Window "${window}" is empty; write for example 3h or 7d.` },
})
