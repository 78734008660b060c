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
  BAD_WINDOW: { status: 400, message: (window: string) => `Window "${window}" is empty; write for example 3h or 7d.` },
})
