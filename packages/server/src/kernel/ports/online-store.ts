/** One row of a feature view's source as somebody pushed it. */
export interface OnlineRow {
  readonly key: string
  /** When it happened. */
  readonly eventTime: number
  /** When it became known, in event time: a lookup with `asOf` before it does not see it. */
  readonly knownAt: number
  readonly values: Readonly<Record<string, number | string | boolean | null>>
  /** Repeating an id replaces nothing and adds nothing. */
  readonly id: string
}

/**
 * The newest rows of each feature view by key. Main writes; the gateway reads from its own process. A row is visible to the gateway before `push`
 * resolves, and survives kill -9 from then on.
 */
export interface OnlineStore {
  push(project: string, view: string, rows: readonly OnlineRow[]): Promise<{ added: number }>
  /** Rows of a key with `from < eventTime <= asOf` and `knownAt <= asOf`, oldest first. */
  window(project: string, view: string, key: string, from: number, asOf: number): OnlineRow[]
  /** Drops rows that no lookup can reach any more. */
  expire(project: string, view: string, before: number): Promise<number>
  close(): Promise<void>
}
