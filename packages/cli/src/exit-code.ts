/** 0 done, 1 failed, 2 wrong usage, 3 not allowed. */
export function exitCodeOf(error: unknown): number {
  const { status, code } = error as { status?: number; code?: string }
  if (typeof code === 'string' && code.startsWith('CONFIG.')) return 2
  return status === 401 || status === 403 ? 3 : 1
}

/** One line for a reader: what failed, and the request id where the server gave one. */
export function messageOf(error: unknown): string {
  const { message, requestId } = error as { message?: string; requestId?: string }
  return `${message ?? String(error)}${requestId ? ` (request ${requestId})` : ''}`
}
