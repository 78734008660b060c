import { createHash } from 'node:crypto'
import { trackingErrors } from './errors.ts'

/** Names the rest of a list: where it goes on, and of which query, so that a token of another query is an error and not a wrong page. */
export function pageTokenOf(offset: number, query: unknown): string {
  return Buffer.from(JSON.stringify([offset, fingerprint(query)])).toString('base64url')
}

/** Where the page of a token begins; 0 without one. */
export function offsetOf(token: string | undefined | null, query: unknown): number {
  if (token === undefined || token === null || token === '') return 0
  try {
    const [offset, of] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [unknown, unknown]
    if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0 && of === fingerprint(query))
      return offset
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw trackingErrors.BAD_PAGE_TOKEN()
}

export const fingerprint = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 8)
