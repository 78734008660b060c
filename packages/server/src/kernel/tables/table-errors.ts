import { defineErrors } from '../errors/index.ts'

/** What a `TableEngine` throws. `RESTARTED`, `BUSY` and `UNAVAILABLE` may be retried. */
export const tablesErrors = defineErrors('TABLES', {
  QUERY_FAILED: { status: 400, message: (why: string) => `The query failed: ${why}` },
  FORBIDDEN: { status: 403, message: (why: string) => why },
  TOO_MANY_ROWS: {
    status: 422,
    message: (maxRows: number) =>
      `The query returns more than ${maxRows.toLocaleString('en')} rows. Add a LIMIT or aggregate, or ask for more rows.`,
  },
  RESULT_TOO_LARGE: {
    status: 422,
    message: (megabytes: number) =>
      `The query returns more than ${megabytes} MB. Select fewer columns or rows, or aggregate.`,
  },
  OUT_OF_MEMORY: {
    status: 422,
    message: (why: string) =>
      `The query needs more memory or temporary disk space than the table engine may use. Read fewer rows or columns at once. (${why})`,
  },
  NO_SPACE: {
    status: 507,
    message: () => 'The disk of the table engine is full. Nothing was changed; free space and try again.',
  },
  TIMEOUT: {
    status: 504,
    message: (millis: number) => `The query took longer than ${millis / 1000} s and was stopped.`,
  },
  CANCELLED: { status: 499, message: (why: string) => `The query was cancelled: ${why}` },
  UNREADABLE_FILE: {
    status: 422,
    message: (file: string, format: string, why: string) => `${file} is not a readable ${format} file: ${why}`,
  },
  RESTARTED: {
    status: 503,
    message: (why: string) => `The table engine's process ended while the query ran (${why}). Try again.`,
  },
  UNAVAILABLE: { status: 503, message: (why: string) => `The table engine's process does not start: ${why}` },
  BUSY: {
    status: 503,
    message: (waiting: number) => `The table engine is busy: ${waiting} queries wait. Try again later.`,
  },
})
