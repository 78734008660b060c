import type { Problem } from '@trivium/contract'

/** An answer of the server other than success, or no answer at all (`status` 0, code `NETWORK_UNREACHABLE`). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** Stable, never reused: the thing to branch on. */
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly requestId: string
  /** What is wrong with which field, where the request did not fit its schema. */
  readonly errors: readonly { path: string; message: string }[]
  /** From which character of the text that was sent to which it is wrong, where that is known. */
  readonly at: readonly [number, number] | undefined

  constructor(problem: Partial<Problem> & { status: number }, options?: ErrorOptions) {
    const detail = problem.detail ?? problem.title ?? `The server answered ${problem.status}.`
    super(detail, options)
    this.status = problem.status
    this.code = problem.code ?? `HTTP_${problem.status}`
    this.title = problem.title ?? detail
    this.detail = detail
    this.requestId = problem.requestId ?? ''
    this.errors = problem.errors ?? []
    const [from, to] = problem.at ?? []
    this.at = from === undefined || to === undefined ? undefined : [from, to]
  }
}
