import { createHash } from 'node:crypto'

/** Content larger than this is also hashed in pieces of this size, so that a part of it can be checked by itself. */
export const chunkSize = 4 * 1024 * 1024

/** The SHA-256 of each piece of one content, 32 bytes each, in order. The last piece may be shorter. */
export interface ChunkDigests {
  readonly size: number
  readonly chunkSize: number
  readonly digests: Buffer
}

/** Where drivers keep the digests of pieces: away from the content, so that whoever damages the one does not damage the other. */
export interface ChunkIndex {
  find(project: string, digest: string): Promise<ChunkDigests | undefined>
  save(project: string, digest: string, chunks: ChunkDigests): Promise<void>
  drop(project: string, digest: string): Promise<void>
}

/** For programs without a database: parts of content are checked by reading the whole. */
export const noChunkIndex: ChunkIndex = {
  find: async () => undefined,
  save: async () => {},
  drop: async () => {},
}

/** Hashes what flows through in pieces; a full piece is hashed on another thread. */
export interface ChunkHasher {
  /** To be awaited before the next call when it returns a promise: only a few pieces wait to be hashed. */
  update(bytes: Buffer): Promise<unknown> | undefined
  /** Undefined for content of one piece, which its own digest says everything about. */
  finish(): Promise<ChunkDigests | undefined>
}

const mostWaiting = 2

export function createChunkHasher(): ChunkHasher {
  const found: Promise<Uint8Array>[] = []
  // The first piece is kept as it came, because most content ends with it; for the next ones there is one buffer.
  let first: Buffer[] | undefined = []
  let buffer: Buffer | undefined
  let filled = 0
  let size = 0

  const hash = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  /** The digest is of a copy, so that the buffer is free again at once. */
  const flush = (): void => {
    const piece = first ? Buffer.concat(first) : (buffer as Buffer<ArrayBuffer>).subarray(0, filled)
    first = undefined
    filled = 0
    const digest = hash(piece)
    digest.catch(() => {})
    found.push(digest)
  }
  return {
    update: (bytes) => {
      size += bytes.length
      for (let at = 0; at < bytes.length; ) {
        // A full piece is hashed only when more follows.
        if (filled === chunkSize) flush()
        const taken = Math.min(chunkSize - filled, bytes.length - at)
        const part = bytes.subarray(at, at + taken)
        if (first) first.push(part)
        else part.copy((buffer ??= Buffer.allocUnsafeSlow(chunkSize)), filled)
        filled += taken
        at += taken
      }
      return found.length > mostWaiting ? found.at(-1 - mostWaiting) : undefined
    },
    finish: async () => {
      if (size <= chunkSize) return undefined
      flush()
      return { size, chunkSize, digests: Buffer.concat(await Promise.all(found)) }
    },
  }
}

/** The digests of pieces of what is in memory already. */
export function chunksOf(bytes: Buffer): ChunkDigests | undefined {
  if (bytes.length <= chunkSize) return undefined
  const digests: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkSize)
    digests.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + chunkSize))
        .digest(),
    )
  return { size: bytes.length, chunkSize, digests: Buffer.concat(digests) }
}
