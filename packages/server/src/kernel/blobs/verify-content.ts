import { createHash } from 'node:crypto'
import { PassThrough, pipeline, type Readable, Transform } from 'node:stream'
import { type ChunkDigests, createChunkHasher } from './chunk-digests.ts'
import { collectYoung } from './collect-young.ts'
import { blobErrors } from './errors.ts'

/** Content that is not what its name says, found by reading it. */
export interface Damage {
  readonly project: string
  readonly digest: string
  readonly why: string
}

export function requireDigest(digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw blobErrors.BAD_DIGEST(digest)
  return digest
}

/** Throws for a range that is not in content of this size; without one nothing is to check. */
export function requireRange(range: { start: number; end: number } | undefined, size: number): void {
  if (range && (range.start < 0 || range.start > range.end || range.end >= size))
    throw blobErrors.BAD_RANGE(range.start, range.end, size)
}

/**
 * Passes content on and hashes it. The last piece leaves only after the hash was found right; otherwise the stream fails, so that no reader ever has
 * the whole of damaged content.
 */
export function verifiedStream(
  source: Readable,
  expected: { project: string; digest: string },
  onDamaged: (damage: Damage) => void | Promise<void>,
): Readable {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  const verify = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      const before = held
      held = chunk
      done(null, before)
    },
    flush(done) {
      const found = hash.digest('hex')
      if (found === expected.digest) return done(null, held)
      const damage = { ...expected, why: `its bytes have digest ${found.slice(0, 12)}…` }
      const refuse = (): void => done(blobErrors.DAMAGED(expected.digest, damage.why))
      void Promise.resolve(onDamaged(damage)).then(refuse, refuse)
    },
  })
  pipeline(source, verify, () => {})
  return verify
}

/** Content that was hashed while it flowed through, whole and in pieces. */
export interface Counted {
  readonly digest: string
  readonly size: number
  /** Of content that has more than one piece. */
  readonly chunks: ChunkDigests | undefined
}

/** What was announced of content. */
export interface Expected {
  digest?: string | undefined
  size?: number | undefined
}

/** Hashes and counts content that is shown to it in order; `expected` is checked by `finish` before anything becomes visible. Without `pieces` only as a whole. */
export function createCounter({ pieces: wanted = true }: { pieces?: boolean } = {}): {
  update(bytes: Buffer): void
  finish(expected?: Expected): Counted
} {
  const hash = createHash('sha256')
  const pieces = wanted ? createChunkHasher() : undefined
  let size = 0
  return {
    update: (bytes) => {
      hash.update(bytes)
      size += bytes.length
      pieces?.update(bytes)
    },
    finish: (expected = {}) => ({
      ...checkStored({ digest: hash.digest('hex'), size }, expected),
      chunks: pieces?.finish(),
    }),
  }
}

/** A counter of what flows through. */
export function countingStream(options?: { pieces?: boolean }): {
  stream: Transform
  finish(expected?: Expected): Promise<Counted>
} {
  const counter = createCounter(options)
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      counter.update(chunk)
      collectYoung(chunk.length)
      done(null, chunk)
    },
  })
  return { stream, finish: async (expected) => counter.finish(expected) }
}

/** Listens to a source from now on, so that one that breaks off before somebody reads it fails its reader and not the process. */
export function heldStream(source: Readable): Readable {
  const held = new PassThrough()
  pipeline(source, held, () => {})
  return held
}

/** Throws when content is not what was announced. */
export function checkStored(
  found: { digest: string; size: number },
  expected: { digest?: string | undefined; size?: number | undefined },
): { digest: string; size: number } {
  if (expected.size !== undefined && expected.size !== found.size)
    throw blobErrors.SIZE_MISMATCH(expected.size, found.size)
  if (expected.digest !== undefined && expected.digest !== found.digest)
    throw blobErrors.DIGEST_MISMATCH(expected.digest, found.digest)
  return found
}
