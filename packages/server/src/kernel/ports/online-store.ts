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
  /** Adds rows; one whose id is there adds nothing. Returns how many were new. `people`: the keys of whom rows are sealed for, which are kept beside them. */
  push(project: string, view: string, rows: readonly OnlineRow[], people?: readonly OnlinePerson[]): number
  /** Destroys the keys of people, here and for what comes later; those of others stay. Returns how many were there. */
  forget(project: string, people: readonly Omit<OnlinePerson, 'sealed'>[]): number
  /** Drops rows older than `before` in event time; no lookup that is still asked for can reach them. */
  expire(project: string, view: string, before: number): number
}

/** The side that the gateway holds. */
export interface OnlineReader {
  /** Rows of a key with `from < eventTime <= asOf` and `knownAt <= asOf`, oldest first. */
  window(project: string, view: string, key: string, from: number, asOf: number): OnlineRow[]
  /** The forms that keys of a view have in which something is sealed; empty where nothing is. */
  keyForms(project: string, view: string): string[]
  /** The key of a person, by the hash of his name or by its id. */
  person(project: string, by: 'subject' | 'id', value: string): OnlinePerson | undefined
  close(): void
}

/** The key of a person as it lies beside the rows that are sealed with it: wrapped by the root of the project; null: destroyed. */
export interface OnlinePerson {
  readonly subject: string
  readonly id: string
  readonly sealed: string | null
}

/** What a row carries its sealed values in, beside those that are plain. */
export const sealedValues = '~sealed'

/** How a key reads whose parts are sealed: for each part `p` (plain), `s` (whoever the key names) or `v` and the number of the part that names whose value it is. */
export function keyFormOf(key: string): string {
  const parts = key.split('\u001f')
  const ids = parts.map((part) => (part.startsWith('\u0001sbj_') ? part.slice(0, part.indexOf(':')) : ''))
  return parts
    .map((part, index) => {
      if (ids[index] === '') return 'p'
      return part.indexOf(':') === part.length - 1
        ? 's'
        : `v${Math.max(
            0,
            ids.findIndex((id, at) => id === ids[index] && at !== index),
          )}`
    })
    .join(',')
}

/**
 * A feature view made ready for lookups: plain JSON, so that the gateway's snapshot carries it. `compileView` of capabilities/features makes it and
 * `createGatewayLookup` there computes it.
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
