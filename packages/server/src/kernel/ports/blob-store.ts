import type { Readable } from 'node:stream'

/** Immutable content by SHA-256, per project: nobody learns from a digest whether another project holds the same bytes. */
export interface BlobStore {
  /** Stores a stream and returns its digest after it is durable. Writing the same content twice is harmless. Fails with BLOB.NO_SPACE on a full disk, and leaves nothing half-written. */
  put(
    project: string,
    content: Readable | Uint8Array,
    options?: { expected?: string },
  ): Promise<{ digest: string; size: number }>
  /** Opens content for reading; `range` is inclusive bytes. Throws BLOB.NOT_FOUND. */
  open(
    project: string,
    digest: string,
    range?: { start: number; end: number },
  ): Promise<{ stream: Readable; size: number }>
  read(project: string, digest: string): Promise<Buffer>
  has(project: string, digest: string): Promise<boolean>
  /** A local path with this content, read-only, valid until the server stops; drivers of remote stores keep a local copy. For engines that need a file. */
  localPath(project: string, digest: string): Promise<string>
  delete(project: string, digest: string): Promise<void>
}
