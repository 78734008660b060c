import type { tablesErrors } from '../../kernel/tables/table-errors.ts'
import type { ErrorName, SentError } from './messages.ts'

/** An expected failure inside the child, on its way to the parent. */
export class CallError extends Error {
  readonly sent: SentError

  constructor(sent: SentError) {
    super(sent.name)
    this.sent = sent
  }
}

export function callError<Name extends ErrorName>(
  name: Name,
  ...args: Parameters<(typeof tablesErrors)[Name]>
): CallError {
  return new CallError({ name, args } as SentError)
}

/** Errors after which DuckDB refuses further work on the same engine. */
export function isFatal(message: string): boolean {
  return /^(FATAL|INTERNAL) Error|database has been invalidated/.test(message)
}

/** What DuckDB threw as one of our errors, without the server's paths. */
export function sentError(error: unknown, hide: ReadonlyMap<string, string>): SentError {
  if (error instanceof CallError) return error.sent
  let message = error instanceof Error ? error.message : String(error)
  for (const [path, name] of hide) message = message.replaceAll(path, name)
  message = message.trim().slice(0, 2000)
  if (/^Out of Memory Error|max_temp_directory_size/.test(message)) return { name: 'OUT_OF_MEMORY', args: [message] }
  if (message.includes('No space left on device')) return { name: 'NO_SPACE', args: [] }
  return { name: 'QUERY_FAILED', args: [message] }
}
