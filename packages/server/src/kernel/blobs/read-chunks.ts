import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ChunkDigests } from './chunk-digests.ts'
import { blobErrors } from './errors.ts'
import type { Damage } from './verify-content.ts'

/** Reads those bytes of the content as they lie there, `end` included. */
export type FetchBytes = (range: { start: number; end: number }) => Promise<Readable>

/**
 * Opens a range by reading and checking the pieces that it touches and no others. A piece leaves after its digest was found right: the first before this
 * returns, each later one before any byte of it is seen. Throws BLOB.DAMAGED, after reporting it. One piece is in memory at a time.
 */
export async function openVerifiedRange(
  { project, digest }: { project: string; digest: string },
  range: { start: number; end: number },
  chunks: ChunkDigests,
  fetch: FetchBytes,
  onDamaged: (damage: Damage) => void | Promise<void>,
): Promise<Readable> {
  const pieces = verifiedPieces(range, chunks, fetch, async (why) => {
    await Promise.resolve(onDamaged({ project, digest, why })).catch(() => {})
    return blobErrors.DAMAGED(digest, why)
  })
  const first = await pieces.next()
  const all = async function* (): AsyncGenerator<Buffer> {
    try {
      if (first.done) return
      yield first.value
      yield* pieces
    } finally {
      await pieces.return(undefined)
    }
  }
  return Readable.from(all(), { objectMode: false, highWaterMark: 64 * 1024 })
}

async function* verifiedPieces(
  { start, end }: { start: number; end: number },
  { size, chunkSize, digests }: ChunkDigests,
  fetch: FetchBytes,
  damaged: (why: string) => Promise<Error>,
): AsyncGenerator<Buffer, undefined> {
  const first = Math.floor(start / chunkSize)
  const last = Math.floor(end / chunkSize)
  const source = await fetch({ start: first * chunkSize, end: Math.min(size, (last + 1) * chunkSize) - 1 })
  try {
    const bytes = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    let rest: Buffer | undefined
    for (let index = first; index <= last; index += 1) {
      const from = index * chunkSize
      const piece = Buffer.allocUnsafeSlow(Math.min(chunkSize, size - from))
      let filled = 0
      while (filled < piece.length) {
        const next: Buffer | undefined = rest ?? ((await bytes.next()).value as Buffer | undefined)
        if (next === undefined) throw await damaged(`it ends after ${from + filled} of ${size} bytes`)
        const taken = next.copy(piece, filled)
        filled += taken
        rest = taken < next.length ? next.subarray(taken) : undefined
      }
      const found = createHash('sha256').update(piece).digest()
      if (!found.equals(digests.subarray(index * 32, index * 32 + 32)))
        throw await damaged(`bytes ${from} to ${from + piece.length - 1} are not what was stored`)
      yield piece.subarray(Math.max(0, start - from), Math.min(piece.length, end + 1 - from))
    }
  } finally {
    source.destroy()
  }
  return undefined
}
