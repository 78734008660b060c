import { defineErrors } from '../errors/index.ts'

/** What every driver of the object store answers, whatever stands behind it. */
export const blobErrors = defineErrors('BLOB', {
  NOT_FOUND: {
    status: 404,
    message: (digest: string) => `No content with digest ${digest.slice(0, 12)}… is stored in this project.`,
  },
  BAD_DIGEST: { status: 400, message: (digest: string) => `"${digest}" is not a SHA-256 digest.` },
  BAD_RANGE: {
    status: 416,
    message: (start: number, end: number, size: number) =>
      `Bytes ${start} to ${end} are not in this content; it has ${size} bytes.`,
  },
  DIGEST_MISMATCH: {
    status: 400,
    message: (expected: string, found: string) =>
      `The content has digest ${found.slice(0, 12)}…, but ${expected.slice(0, 12)}… was announced. Nothing was stored.`,
  },
  SIZE_MISMATCH: {
    status: 400,
    message: (expected: number, found: number) =>
      `The content has ${found} bytes, but ${expected} were announced. Nothing was stored.`,
  },
  NO_SPACE: {
    status: 507,
    message: () => 'The disk of the object store is full. Nothing was stored; free space and try again.',
  },
  DAMAGED: {
    status: 500,
    message: (digest: string, why: string) =>
      `The stored content ${digest.slice(0, 12)}… is damaged (${why}) and is not served. Restore it from a backup, or store the same content again.`,
  },
  UNAVAILABLE: {
    status: 503,
    message: (store: string, why: string) => `The object store ${store} does not do its work: ${why}. Try again later.`,
  },
  REFUSED: {
    status: 503,
    message: (store: string, why: string) =>
      `The object store ${store} refuses us: ${why}. Check its address, its region and the access key.`,
  },
  NO_BUCKET: {
    status: 503,
    message: (store: string) => `The bucket of ${store} does not exist. Create it; Trivium makes no buckets.`,
  },
  FOREIGN: {
    status: 409,
    message: (store: string, whose: string) =>
      `${store} ${whose}. Nothing was written. Give this instance a bucket or a prefix of its own (storageUrl).`,
  },
  PLACE_FAILED: {
    status: 503,
    message: (place: string, project: string, why: string) =>
      `${place}, where project "${project}" keeps its content, does not do its work: ${why} Nothing that was stored is given up; try again when it works.`,
  },
  NO_UPLOAD: {
    status: 404,
    message: (upload: string) => `The store knows no upload "${upload.slice(0, 80)}". Begin a new one.`,
  },
  PARTS_MISSING: {
    status: 409,
    message: (missing: readonly number[], parts: number) =>
      `${missing.length} of ${parts} parts are missing: ${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ' and more' : ''}. Send them, then complete the upload again.`,
  },
  PARTS_DIFFER: {
    status: 409,
    message: (number: number, size: number, first: number) =>
      `Part ${number} has ${size} bytes and part 1 has ${first}. All parts but the last must be of one size.`,
  },
  PART_CHANGED: {
    status: 409,
    message: (number: number) => `Part ${number} is not the one that is meant. Send it again.`,
  },
  PART_UNDER_WAY: {
    status: 409,
    message: () => 'A part is still being received. Complete the upload when all have been answered.',
  },
  NO_LINKS: {
    status: 409,
    message: () =>
      'This server hands out no links to its object store (it is local, storageLinks is off, or the project keeps its content elsewhere). Send content through the server.',
  },
})

/** The error of a full disk as callers know it; every other one as it is. */
export function noSpace(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? blobErrors.NO_SPACE() : error
}
