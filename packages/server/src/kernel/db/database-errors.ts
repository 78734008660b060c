import { type AppError, defineErrors } from '../errors/index.ts'

export const databaseErrors = defineErrors('DATABASE', {
  NO_SPACE: {
    status: 507,
    message: () => 'The disk of the database is full. Nothing was changed; free space and try again.',
  },
  BUSY: {
    status: 503,
    message: (what: string, waiting: number) =>
      `The database has too much to do: ${waiting} ${what} wait. Nothing was changed; try again in a moment.`,
    details: () => ({ retryAfter: 2 }),
  },
})

/** Codes of a full disk: SQLite's FULL and, past a file size limit or a quota, IOERR_WRITE; Postgres's disk_full. */
const full = new Set<unknown>([13, 778, '53100'])

/** The clear error for a database whose disk is full; every other error as it is. */
export function explainDatabaseError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (!full.has(errcode) && !full.has(code)) return error
  const explained: AppError = databaseErrors.NO_SPACE()
  explained.cause = error
  return explained
}
