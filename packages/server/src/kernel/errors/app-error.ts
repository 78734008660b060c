/** An expected failure: shown to the caller with its stable code. Everything else that is thrown is a bug and becomes a 500. */
export class AppError extends Error {
  readonly code: string
  readonly status: number
  readonly details: Record<string, unknown> | undefined

  constructor(code: string, status: number, message: string, details?: Record<string, unknown>) {
    super(message)
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.details = details
  }
}

/** True where a value was nested deeper than the program can call itself: JSON can be, and nothing of ours calls itself without end. */
export const isTooDeep = (error: unknown): boolean =>
  error instanceof RangeError && error.message === 'Maximum call stack size exceeded'

interface ErrorDefinition<A extends unknown[]> {
  status: number
  message: (...args: A) => string
  /** What the error is about, for programs; a wire protocol with words of its own makes them from this. */
  details?: (...args: A) => Record<string, unknown>
}

/** Builds a capability's table of errors: `registryErrors.MODEL_NOT_FOUND(name)` makes the error with code `REGISTRY.MODEL_NOT_FOUND`. */
export function defineErrors<const T extends Record<string, ErrorDefinition<any[]>>>(
  prefix: string,
  table: T,
): { [K in keyof T]: (...args: Parameters<T[K]['message']>) => AppError } {
  return Object.fromEntries(
    Object.entries(table).map(([name, { status, message, details }]) => [
      name,
      (...args: unknown[]) => new AppError(`${prefix}.${name}`, status, message(...args), details?.(...args)),
    ]),
  ) as unknown as { [K in keyof T]: (...args: Parameters<T[K]['message']>) => AppError }
}
