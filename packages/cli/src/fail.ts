import { ApiError } from '@trivium/sdk'
import { CommanderError } from 'commander'
import { shownText } from './shown-text.ts'
import type { Terminal } from './terminal.ts'

/** How a command ended. */
export const exitCodes = { done: 0, failed: 1, usage: 2, notAllowed: 3 } as const

/** The command was called in a way that means nothing: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command worked and what it was about did not: exit code 1. */
export class FailedError extends Error {
  override readonly name = 'FailedError'
}

/** Shows what went wrong as one line on stderr (one JSON object with --json) and says with which exit code to end. */
export function showFailure(terminal: Terminal, error: unknown, { json }: { json: boolean }): number {
  // Commander has shown its own message, or help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  const { code, detail, ...more } = describe(error)
  if (json) terminal.err(`${JSON.stringify({ error: { code, detail, ...more } })}\n`)
  else {
    const request = 'requestId' in more && more.requestId !== '' ? `, request ${more.requestId}` : ''
    const untold = 'errors' in more ? more.errors.filter(({ message }) => !detail.includes(message)) : []
    const extra = untold.map(({ path, message }) => `${path} ${message}`).join('; ')
    const whole = `trivium: ${detail}${extra === '' ? '' : ` ${extra.replace(/\.$/, '')}.`}${code === '' ? '' : ` (${code}${request})`}`
    terminal.err(`${shownText(whole)}\n`)
  }
  return exitCodeOf(error)
}

function describe(error: unknown) {
  if (error instanceof ApiError) {
    const { code, detail, status, requestId, errors } = error
    const hints: Record<number, string> = {
      0: ' Start one with "trivium up", or set TRIVIUM_URL.',
      401: ' See TRIVIUM_TOKEN, or name the data directory of the server with --data.',
    }
    const hint = hints[status] ?? ''
    return { code, detail: detail + hint, status, requestId, errors }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return { code, detail: error instanceof Error ? error.message : String(error) }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ApiError)
    return error.status === 401 || error.status === 403 ? exitCodes.notAllowed : exitCodes.failed
  if (error instanceof UsageError) return exitCodes.usage
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('CONFIG.') ? exitCodes.usage : exitCodes.failed
}
