import { rm } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  blobErrors,
  checkStored,
  type Counted,
  countingStream,
  exactly,
  heldStream,
  type LocalCopies,
  requireParts,
  requireUpload,
} from '../../kernel/blobs/index.ts'
import type { PartStore, StoredPart } from '../../kernel/ports/blob-store.ts'
import type { S3Client } from './s3-client.ts'

/**
 * Parts of uploads as the store's own uploads in parts, to `prefix/uploads/PROJECT/ID`, which is no content. When all are there the store joins them, the
 * server reads the result and hashes it, and only what is right is copied, within the store, to the place of content.
 */
export function createS3Parts({
  client,
  copies,
  links,
  at,
  ready,
  settle,
  find,
}: {
  client: S3Client
  copies: LocalCopies
  links: boolean
  at: (path: string) => string
  ready: () => Promise<void>
  /** Makes an object of the store, whose bytes were hashed, the content of its digest. */
  settle: (project: string, key: string, found: Counted) => Promise<void>
  find: (project: string, digest: string) => Promise<{ size: number } | undefined>
}): PartStore {
  const keyOf = (project: string, upload: string): string => at(`uploads/${project}/${requireUpload(upload)}`)
  const partsOf = async (key: string, handle: string): Promise<StoredPart[]> =>
    [...(await client.parts(key, handle))].map(([number, { size, etag }]) => ({ number, size, etag: plain(etag) }))

  return {
    begin: async (project, upload) => {
      await ready()
      return client.begin(keyOf(project, upload))
    },
    put: async (project, { upload, handle }, { number, size, digest }, content) => {
      const source = heldStream(content)
      await ready()
      const path = await copies.incoming()
      try {
        const received = await copies.receive(exactly(source, size), path)
        checkStored(received, { digest, size })
        const file = { path, size, sha256: received.digest }
        const etag = await client.putPart(keyOf(project, upload), handle, number, file)
        if (etag === undefined) throw blobErrors.NO_UPLOAD(upload)
        return { number, size, etag: plain(etag) }
      } finally {
        source.destroy()
        await rm(path, { force: true })
      }
    },
    list: (project, { upload, handle }) => partsOf(keyOf(project, upload), handle),
    link: (project, { upload, handle }, { number, size, digest, seconds }) => {
      if (!links) return undefined
      const headers: Record<string, string> = {
        ...(size === undefined ? {} : { 'content-length': String(size) }),
        ...(digest === undefined ? {} : { 'x-amz-checksum-sha256': Buffer.from(digest, 'hex').toString('base64') }),
      }
      const query = { partNumber: String(number), uploadId: handle }
      const url = client.link(keyOf(project, upload), { method: 'PUT', headers, query, seconds })
      return { method: 'PUT', url, headers, expiresAt: Date.now() + seconds * 1000 }
    },
    finish: async (project, { upload, handle }, wanted) => {
      await ready()
      const key = keyOf(project, upload)
      if ((await client.head(key)) === undefined) {
        const found = await partsOf(key, handle)
        if (found.length === 0 && wanted.digest !== undefined) {
          // An answer that was lost: the content is where it belongs.
          const there = await find(project, wanted.digest)
          if (there && there.size === wanted.size) return { digest: wanted.digest, size: there.size }
        }
        const parts = requireParts(found, wanted)
        await client.complete(
          key,
          handle,
          parts.map(({ etag }) => `"${etag}"`),
          false,
        )
      }
      const whole = await client.get(key)
      if (!whole) throw blobErrors.NO_UPLOAD(upload)
      const counted = countingStream()
      await pipeline(whole.stream, counted.stream, new Writable({ write: (_chunk, _encoding, done) => done() }))
      const found = await counted.finish(wanted)
      await settle(project, key, found)
      return { digest: found.digest, size: found.size }
    },
    end: async (project, { upload, handle }) => {
      await ready()
      const key = keyOf(project, upload)
      await client.abort(key, handle)
      await client.remove(key)
    },
  }
}

const plain = (etag: string): string => etag.replaceAll(/"|&quot;/g, '')
