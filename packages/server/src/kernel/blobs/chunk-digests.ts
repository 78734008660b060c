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

/** Hashes what flows through in pieces, as it comes: nothing is copied or kept, so that large content makes no work for the garbage collector. */
export interface ChunkHasher {
  update(bytes: Buffer): void
  /** Undefined for content of one piece, which its own digest says everything about. */
  finish(): ChunkDigests | undefined
}

export function createChunkHasher(): ChunkHasher {
  const found: Buffer[] = []
  let hash = createHash('sha256')
  let filled = 0
  let size = 0
  const flush = (): void => {
    found.push(hash.digest())
    hash = createHash('sha256')
    filled = 0
  }
  return {
    update: (bytes) => {
      size += bytes.length
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + chunkSize - filled)
        hash.update(part)
        filled += part.length
        at += part.length
        if (filled === chunkSize) flush()
      }
    },
    finish: () => {
      if (size <= chunkSize) return undefined
      if (filled > 0) flush()
      return { size, chunkSize, digests: Buffer.concat(found) }
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
