import { type Logger, pino } from 'pino'

export type { Logger }

/** Fields whose values never reach a log. */
export const redactedPaths = [
  'token',
  'password',
  'secret',
  '*.token',
  '*.password',
  '*.secret',
  'headers.authorization',
  'headers.cookie',
  'req.headers.authorization',
  'req.headers.cookie',
]

/** Structured logs: one JSON line an event, on standard error so that standard output stays for `--json`. */
export function createLogger({ level }: { level: string }): Logger {
  return pino(
    {
      level,
      redact: { paths: redactedPaths, censor: '[redacted]' },
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: false }),
  )
}
