import type { Readable } from 'node:stream'

/** Content that lies in the store. */
export interface StoredContent {
  readonly project: string
  readonly digest: string
  readonly size: number
  /** When it was last written. */
  readonly at: number
}

/** Content that was set aside; `at` is when. */
export interface AsideContent extends StoredContent {
  /** Names this one act of setting aside; the same content may be aside more than once. */
  readonly key: string
}

/** How a client reaches content at the object store without the server: this request, with these headers, until `expiresAt`. */
export interface ContentLink {
  readonly method: 'GET' | 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: number
}

/** Immutable content by SHA-256, per project: nobody learns from a digest whether another project holds the same bytes. */
export interface BlobStore {
  /** Says which instance writes here; to be called once, before the first write. Throws BLOB.FOREIGN where another one does. */
  own(instance: string): Promise<void>
  /**
   * Stores a stream and returns its digest after it is durable. Writing the same content twice is harmless, and heals content that was damaged. What is
   * not the `expected` digest or `size` is refused. Fails with BLOB.NO_SPACE on a full disk, and leaves nothing half-written.
   */
  put(
    project: string,
    content: Readable | Uint8Array,
    options?: { expected?: string; size?: number },
  ): Promise<{ digest: string; size: number }>
  /**
   * Opens content for reading; `range` is inclusive bytes. Throws BLOB.NOT_FOUND, BLOB.BAD_RANGE. Bytes are checked against the digest: a range of
   * damaged content is refused with BLOB.DAMAGED, a stream of the whole fails with it before its last piece.
   */
  open(
    project: string,
    digest: string,
    range?: { start: number; end: number },
  ): Promise<{ stream: Readable; size: number }>
  read(project: string, digest: string): Promise<Buffer>
  has(project: string, digest: string): Promise<boolean>
  /** A local path with this content, verified, read-only, valid until the server stops; drivers of remote stores keep a local copy. For engines that need a file. */
  localPath(project: string, digest: string): Promise<string>
  delete(project: string, digest: string): Promise<void>
  /** A request by which a client reads or writes content at the store itself; undefined where there is no such way. What is written is checked by the store. */
  link(
    project: string,
    digest: string,
    want: { write?: { size: number }; seconds: number },
  ): Promise<ContentLink | undefined>

  /** Everything that lies in its place, in no order; for collection. */
  list(): AsyncIterable<StoredContent>
  /**
   * Takes content out of its place without losing it: `has` and every read still find it and bring it back. So content that somebody began to use
   * again in the very moment is never missed. Does nothing where it is gone.
   */
  setAside(project: string, digest: string, at: number): Promise<void>
  listAside(): AsyncIterable<AsideContent>
  bringBack(aside: AsideContent): Promise<void>
  dropAside(aside: AsideContent): Promise<void>
  /** Removes uploads that began before then and never ended; returns how many. */
  dropUnfinished(before: number): Promise<number>
}
