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

/** An upload in parts: our id, and what the store calls it. */
export interface PartsUpload {
  readonly upload: string
  readonly handle: string
}

/** A part that arrived. `etag` names its bytes: their SHA-256, or what the store makes of them. */
export interface StoredPart {
  readonly number: number
  readonly size: number
  readonly etag: string
}

/** What an upload must turn out to be: so many parts, and as far as the client said so its digest, size and the parts that he means. */
export interface WantedParts {
  readonly parts: number
  readonly digest?: string
  readonly size?: number
  readonly etags?: ReadonlyMap<number, string>
}

/** Content that comes in parts, in any order, over hours and from more than one server. Nothing of it is content before `finish` has hashed the whole. */
export interface PartStore {
  /** Makes room for an upload; returns the store's name for it. */
  begin(project: string, upload: string): Promise<string>
  /** Stores a part, numbered from 1, durable when the upload is finished; the same number again replaces it. All but the last have one size. */
  put(
    project: string,
    at: PartsUpload,
    part: { number: number; last: boolean; size: number; digest?: string },
    content: Readable,
  ): Promise<StoredPart>
  list(project: string, at: PartsUpload): Promise<StoredPart[]>
  /** A request by which the client writes a part at the store itself; undefined where there is no such way. */
  link(
    project: string,
    at: PartsUpload,
    part: { number: number; size?: number; digest?: string; seconds: number },
  ): ContentLink | undefined
  /** Joins the parts, reads and hashes the whole, and makes it content only when it is what was wanted. May be called again after it broke off. */
  finish(project: string, at: PartsUpload, wanted: WantedParts): Promise<{ digest: string; size: number }>
  /** Removes every trace of an upload but the content that came of it. */
  end(project: string, at: PartsUpload): Promise<void>
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

  readonly parts: PartStore

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
