/** One row of a feature view's source as somebody pushed it. */
export interface OnlineRow {
  readonly id: string
  readonly key: string
  /** When it happened. */
  readonly eventTime: number
  /** When it became known, in event time: a lookup with `asOf` before it does not see it. */
  readonly knownAt: number
  readonly values: Readonly<Record<string, number | string | boolean | null>>
}

/**
 * The newest rows of each feature view by key. Main writes; the gateway reads from its own process. A row is visible to the gateway before `push`
 * returns, and survives kill -9 from then on.
 */
export interface OnlineStore extends OnlineReader {
  /** Adds rows; one whose id is there adds nothing. Returns how many were new. */
  push(project: string, view: string, rows: readonly OnlineRow[]): number
  /** Drops rows older than `before` in event time; no lookup that is still asked for can reach them. */
  expire(project: string, view: string, before: number): number
}

/** The side that the gateway holds. */
export interface OnlineReader {
  /** Rows of a key with `from < eventTime <= asOf` and `knownAt <= asOf`, oldest first. */
  window(project: string, view: string, key: string, from: number, asOf: number): OnlineRow[]
  close(): void
}

/**
 * A feature view made ready for lookups: plain JSON, so that the gateway's snapshot carries it. `compileView` of capabilities/features makes it and `lookup`
 * there computes it: `lookup(reader, project, view, entityKey(view, inputs), asOf)`.
 */
export interface OnlineView {
  readonly name: string
  /** Columns of the request that name the entity. */
  readonly keys: readonly string[]
  readonly windowMs: number
  readonly features: readonly {
    readonly name: string
    readonly expression: unknown
    readonly fallback: number | null
  }[]
}
