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
      `The object store ${store} refuses us: ${why}. Check storageUrl, storageRegion and the access key.`,
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
  NO_LINKS: {
    status: 409,
    message: () =>
      'This server hands out no links to its object store (it is local, or storageLinks is off). Send content through the server.',
  },
})
