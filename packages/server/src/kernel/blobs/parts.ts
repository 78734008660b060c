import { pipeline, type Readable, Transform } from 'node:stream'
import type { StoredPart, WantedParts } from '../ports/blob-store.ts'
import { blobErrors } from './errors.ts'

/** After which an upload in parts that is not finished has ended. */
export const longestUploadMs = 7 * 24 * 3_600_000

/** An id that may be the name of a file. */
export function requireUpload(upload: string): string {
  if (!/^upl_[0-9a-zA-Z]{1,64}$/.test(upload)) throw blobErrors.NO_UPLOAD(upload)
  return upload
}

/** The parts of a whole in order: none missing, none too many, all but the last of one size, and those that the client means. */
export function requireParts(found: readonly StoredPart[], wanted: WantedParts): StoredPart[] {
  const byNumber = new Map(found.map((part) => [part.number, part]))
  const numbers = Array.from({ length: wanted.parts }, (_, i) => i + 1)
  const missing = numbers.filter((number) => !byNumber.has(number))
  if (missing.length > 0) throw blobErrors.PARTS_MISSING(missing, wanted.parts)
  const parts = numbers.map((number) => byNumber.get(number) as StoredPart)
  const size = parts[0]?.size
  const odd = parts.find((part, i) => i < parts.length - 1 && part.size !== size)
  if (odd) throw blobErrors.PARTS_DIFFER(odd.number, odd.size, size ?? 0)
  for (const part of parts) {
    const etag = wanted.etags?.get(part.number)
    if (wanted.etags && etag !== part.etag) throw blobErrors.PART_CHANGED(part.number)
  }
  return parts
}

/** The content, which fails as soon as more flows than was announced, so that no part grows over the next. */
export function exactly(content: Readable, size: number): Readable {
  let passed = 0
  const exact = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length
      if (passed > size) done(blobErrors.SIZE_MISMATCH(size, passed))
      else done(null, chunk)
    },
  })
  pipeline(content, exact, () => {})
  return exact
}
