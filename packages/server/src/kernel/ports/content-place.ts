import type { Readable } from 'node:stream'

/** Content in a place: `key` is the name that the place gave it. */
export interface PlacedKey {
  readonly key: string
  readonly size: number
}

/**
 * A place outside of this server where one project keeps its content: a container registry, a binary repository, another database. It stores bytes and nothing
 * else; what lies where is known by our database. What fails throws a `PlaceFailure` or an error of the way out.
 */
export interface ContentPlace {
  /** The instance that keeps content there; undefined: nobody does yet. */
  owner(): Promise<string | undefined>
  /** Marks the place as one of this instance. */
  claim(instance: string): Promise<void>
  /**
   * Stores a file, whole or not at all, and returns its key; the same content has the same key. A `fresh` one gets a key of its own: what lies under the usual one is
   * damaged, or is being removed.
   */
  put(content: { digest: string; size: number; path: string }, options: { fresh: boolean }): Promise<string>
  /** The bytes as they lie there, all or an inclusive range; undefined when there are none. */
  get(at: PlacedKey, range?: { start: number; end: number }): Promise<Readable | undefined>
  /** Removes content; what is gone already is no error. */
  delete(at: PlacedKey): Promise<void>
  close(): Promise<void>
}

/** Why a place did not do its work, as a sentence; `again`: the next attempt may succeed. */
export class PlaceFailure extends Error {
  readonly again: boolean

  constructor(why: string, { again = false }: { again?: boolean } = {}) {
    super(why)
    this.name = 'PlaceFailure'
    this.again = again
  }
}
