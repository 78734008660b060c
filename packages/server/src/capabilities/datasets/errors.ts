import { defineErrors } from '../../kernel/errors/index.ts'

export const datasetErrors = defineErrors('DATASETS', {
  NOT_FOUND: { status: 404, message: (name: string) => `Dataset "${name}" does not exist in this project.` },
  VERSION_NOT_FOUND: {
    status: 404,
    message: (name: string, version: number | string) => `Dataset "${name}" has no version ${version}.`,
  },
  EMPTY: { status: 400, message: (name: string) => `The file for dataset "${name}" is empty. Nothing was stored.` },
  COLUMN_NOT_FOUND: {
    status: 400,
    message: (column: string, known: string) => `There is no column "${column}". The file has: ${known}.`,
  },
  NOT_A_TIMESTAMP: {
    status: 400,
    message: (column: string, type: string) => `Column "${column}" is ${type}; event time needs a timestamp or a date.`,
  },
  NOT_A_TIME: {
    status: 400,
    message: (column: string, type: string) =>
      `Column "${column}" is ${type}; the time from which values exist needs a timestamp or a date.`,
  },
  BAD_CONDITION: {
    status: 400,
    message: (sql: string, why: string) =>
      `The condition \`${sql}\` cannot be computed over the dataset's columns: ${why}`,
  },
  COLUMNS_CHANGED: {
    status: 422,
    message: (name: string, what: string) =>
      `The rows do not fit dataset "${name}": ${what}. Append the same columns, or start anew with mode=replace. Nothing was stored.`,
  },
  CHECKS_FAILED: {
    status: 422,
    message: (name: string, failures: string) => `Dataset "${name}" refused the data: ${failures} Nothing was stored.`,
  },
  CHANGED_MEANWHILE: {
    status: 409,
    message: (name: string) => `Somebody added a version of "${name}" at the same time. Send the file again.`,
  },
  SHEET_CHANGED: {
    status: 409,
    message: (part: string, by: string) =>
      `The part "${part}" of the sheet was written by ${by} meanwhile. Read it again, and write yours after it.`,
  },
  BAD_REFERENCE: {
    status: 400,
    message: (text: string) => `"${text}" names no dataset version. Write NAME, NAME@latest or NAME@3.`,
  },
})
