import { type DestinationStream, type Logger, pino } from 'pino'
import { activeSpan } from '../telemetry/span-context.ts'

export type { Logger }

/** Fields whose values never reach a log. */
export const redactedPaths = [
  'token',
  'password',
  'secret',
  '*.token',
  '*.password',
  '*.secret',
  'secrets',
  '*.secrets',
  'sealed',
  '*.sealed',
  'dataKey',
  '*.dataKey',
  'vaultKey',
  '*.vaultKey',
  // What a step is given, and what a caller sent.
  'env',
  '*.env',
  'body',
  '*.body',
  'headers.authorization',
  'headers.cookie',
  'req.headers.authorization',
  'req.headers.cookie',
]

/** Structured logs: one JSON line an event, on standard error so that standard output stays for `--json`. */
export function createLogger({ level }: { level: string }, to?: DestinationStream): Logger {
  return pino(
    {
      level,
      redact: { paths: redactedPaths, censor: '[redacted]' },
      base: null,
      // A line that was written in a span names it.
      mixin: () => {
        const span = activeSpan.getStore()
        return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
      },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    to ?? pino.destination({ dest: 2, sync: false }),
  )
}
