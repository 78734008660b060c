import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  blobErrors,
  checkStored,
  type ChunkIndex,
  chunkSize,
  chunksOf,
  createLocalCopies,
  heldStream,
  type Damage,
  type FetchBytes,
  longestUploadMs,
  noChunkIndex,
  noSpace,
  openVerifiedRange,
  requireDigest,
  requireRange,
  verifiedStream,
} from '../../kernel/blobs/index.ts'
import type { AsideContent, BlobStore, StoredContent } from '../../kernel/ports/blob-store.ts'
import { createS3Client } from './s3-client.ts'
import { createS3Parts } from './s3-parts.ts'

export interface BlobS3Options {
  /** s3://bucket or s3://bucket/prefix. */
  readonly url: string
  /** https://… of the store; empty is Amazon's for the region. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Whether clients may be sent to the store itself. */
  readonly links: boolean
  /** Directory of this machine for copies, and how many bytes they may have. */
  readonly copies: { readonly root: string; readonly maxBytes: number }
  readonly onDamaged?: (damage: Damage) => void
  readonly chunks?: ChunkIndex
  readonly timeoutMs?: number
  readonly tries?: number
  readonly pauseMs?: number
  readonly partSize?: number
  readonly copyLimit?: number
}

/** Content in a bucket: `prefix/blobs/project/ab/abcdef…`; what was set aside lies below `prefix/aside`, and `prefix/owner.json` says which instance writes here. */
export function createBlobS3(options: BlobS3Options): BlobStore & { close(): void } {
  const { hostname: bucket, pathname } = new URL(options.url)
  const prefix = pathname.replaceAll(/^\/+|\/+$/g, '')
  const at = (path: string): string => (prefix === '' ? path : `${prefix}/${path}`)
  const partSize = options.partSize ?? 16 * 1024 * 1024
  const client = createS3Client({
    endpoint: new URL(options.endpoint || `https://s3.${options.region}.amazonaws.com`),
    bucket,
    pathStyle: options.endpoint !== '' || bucket.includes('.'),
    credentials: options,
    name: options.url,
    timeoutMs: options.timeoutMs ?? 15_000,
    tries: options.tries ?? 6,
    pauseMs: options.pauseMs ?? 150,
    partSize,
    copyLimit: options.copyLimit ?? 5 * 2 ** 30,
  })
  const copies = createLocalCopies(options.copies)
  const chunks = options.chunks ?? noChunkIndex
  const fetching = new Map<string, Promise<string>>()
  let owned: Promise<void> | undefined

  const keyOf = (project: string, digest: string): string =>
    at(`blobs/${project}/${requireDigest(digest).slice(0, 2)}/${digest}`)
  const damageKeyOf = (project: string, digest: string): string => at(`damaged/${project}/${digest}`)
  /** Leaves a note beside the content, so that every replica knows that what lies there may be replaced. */
  const report = async ({ project, digest, why }: Damage): Promise<void> => {
    options.onDamaged?.({ project, digest, why })
    if (owned) await client.put(damageKeyOf(project, digest), Buffer.from(why))
  }

  const claim = async (instance: string): Promise<void> => {
    const key = at('owner.json')
    const mine = Buffer.from(`${JSON.stringify({ instance, program: 'trivium', layout: 1 })}\n`)
    const ownerOf = (text: string): string => {
      try {
        return String((JSON.parse(text) as { instance?: unknown }).instance)
      } catch {
        return 'that cannot be read'
      }
    }
    let marker = await client.getText(key)
    if (marker === undefined) {
      for await (const { key: other } of client.list(prefix === '' ? '' : `${prefix}/`))
        if (other !== key)
          throw blobErrors.FOREIGN(options.url, `holds things that are not Trivium's, such as ${other}`)
      await client.put(key, mine, { onlyNew: true })
      marker = await client.getText(key)
    }
    const owner = ownerOf(marker ?? '')
    if (owner !== instance)
      throw blobErrors.FOREIGN(options.url, `belongs to instance ${owner}, and this is ${instance}`)
  }
  const requireOwned = async (): Promise<void> => {
    if (!owned) throw new Error('The object store was not claimed before the first write.')
    await owned
  }

  /** Copies of content that lie aside. */
  async function* asideOf(place: string): AsyncIterable<AsideContent> {
    for await (const { key, size } of client.list(at(`aside/${place}`))) {
      const [project = '', name = ''] = key.slice(at('aside/').length).split('/')
      const [digest = '', time = ''] = name.split('.')
      yield { project, digest, size, at: Number(time), key }
    }
  }
  const comeBack = async ({ project, digest, size, key }: AsideContent): Promise<boolean> => {
    if (!(await client.copy({ key, size }, keyOf(project, digest)))) return false
    await client.remove(key)
    return true
  }
  /** Finds content in its place, or aside, from where it comes back. */
  const find = async (project: string, digest: string): Promise<{ key: string; size: number } | undefined> => {
    const key = keyOf(project, digest)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const found = await client.head(key)
      if (found) return { key, size: found.size }
      let aside: AsideContent | undefined
      for await (const one of asideOf(`${project}/${digest}.`)) aside = one
      if (aside) await comeBack(aside)
      else if ((await client.head(key)) === undefined) return undefined
    }
    return undefined
  }
  const get = async (project: string, digest: string): Promise<NonNullable<Awaited<ReturnType<typeof client.get>>>> => {
    const key = keyOf(project, digest)
    const found = (await client.get(key)) ?? ((await find(project, digest)) && (await client.get(key)))
    if (!found) throw blobErrors.NOT_FOUND(digest)
    return found
  }

  const fetchCopy = async (project: string, digest: string): Promise<string> => {
    const known = await copies.find(project, digest, { stays: true })
    if (known !== undefined) return known
    const path = await copies.incoming()
    try {
      const { stream } = await get(project, digest)
      const found = await copies.receive(verifiedStream(stream, { project, digest }, report), path)
      await copies.keep(project, digest, path)
      if (found.chunks) await chunks.save(project, digest, found.chunks)
    } catch (error) {
      await rm(path, { force: true })
      throw noSpace(error)
    }
    const copy = await copies.find(project, digest, { stays: true })
    if (copy === undefined) throw blobErrors.UNAVAILABLE(options.url, 'the local copy went away')
    return copy
  }
  const localPath = (project: string, digest: string): Promise<string> => {
    const key = keyOf(project, digest)
    let work = fetching.get(key)
    if (!work) {
      work = fetchCopy(project, digest).finally(() => fetching.delete(key))
      fetching.set(key, work)
    }
    return work
  }

  /** A part of content, checked by itself: against the copy of this machine, its pieces, or, where nobody knows those, a copy that is fetched and checked whole. */
  const openRange = async (
    project: string,
    digest: string,
    range: { start: number; end: number },
  ): Promise<{ stream: Readable; size: number }> => {
    const pieces = await chunks.find(project, requireDigest(digest))
    const size = pieces?.size ?? (await find(project, digest))?.size
    if (size === undefined) throw blobErrors.NOT_FOUND(digest)
    requireRange(range, size)
    const whole = pieces || size <= chunkSize ? await copies.find(project, digest, { stays: false }) : undefined
    if (whole !== undefined && (await find(project, digest))) {
      const copy = await open(whole, 'r').catch(() => undefined)
      if (copy) return { stream: copy.createReadStream(range), size }
    }
    const own = { size, chunkSize, digests: Buffer.from(digest, 'hex') }
    const known = pieces ?? (size <= chunkSize ? own : undefined)
    if (!known) return { stream: createReadStream(await localPath(project, digest), range), size }
    const key = keyOf(project, digest)
    const fetch: FetchBytes = async (bytes) => {
      const found =
        (await client.getRange(key, bytes)) ?? ((await find(project, digest)) && (await client.getRange(key, bytes)))
      if (!found) throw blobErrors.NOT_FOUND(digest)
      return found
    }
    return { stream: await openVerifiedRange({ project, digest }, range, known, fetch, report), size }
  }

  const isIntact = async (project: string, digest: string, size: number): Promise<boolean> =>
    (await client.head(keyOf(project, digest)))?.size === size &&
    (await client.head(damageKeyOf(project, digest))) === undefined

  /** Brings content up unless it is there. What is there in another size, or was found damaged, is replaced. */
  const store = async (
    { project, digest, size }: { project: string; digest: string; size: number },
    send: (key: string, onlyNew: boolean) => Promise<boolean>,
  ): Promise<void> => {
    const key = keyOf(project, digest)
    const damage = damageKeyOf(project, digest)
    const intact = (): Promise<boolean> => isIntact(project, digest, size)
    if (size > partSize && (await intact())) return
    if ((await send(key, true)) || (await intact())) return
    await send(key, false)
    await client.remove(damage)
  }

  const parts = createS3Parts({
    client,
    copies,
    links: options.links,
    at,
    ready: requireOwned,
    find,
    settle: async (project, from, { digest, size, chunks: pieces }) => {
      if (!(await isIntact(project, digest, size))) {
        if (!(await client.copy({ key: from, size }, keyOf(project, digest))))
          throw blobErrors.UNAVAILABLE(options.url, 'what was uploaded went away while it was copied')
        await client.remove(damageKeyOf(project, digest))
      }
      if (pieces) await chunks.save(project, digest, pieces)
    },
  })

  return {
    own: (instance) => {
      const checking = claim(instance)
      owned = checking
      return checking
    },
    put: async (project, content, announced) => {
      const source = content instanceof Uint8Array ? undefined : heldStream(content)
      await requireOwned()
      const expected = { digest: announced?.expected, size: announced?.size }
      if (content instanceof Uint8Array) {
        const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
        const stored = checkStored(
          { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.length },
          expected,
        )
        await store({ project, ...stored }, (key, onlyNew) => client.put(key, bytes, { onlyNew }))
        const pieces = chunksOf(bytes)
        if (pieces) await chunks.save(project, stored.digest, pieces)
        return stored
      }
      const path = await copies.incoming()
      try {
        const { chunks: pieces, ...received } = await copies.receive(source ?? content, path)
        const stored = checkStored(received, expected)
        const file = { path, size: stored.size, sha256: stored.digest }
        await store({ project, ...stored }, (key, onlyNew) => client.putFile(key, file, { onlyNew }))
        await copies.keep(project, stored.digest, path)
        if (pieces) await chunks.save(project, stored.digest, pieces)
        return stored
      } catch (error) {
        await rm(path, { force: true })
        throw noSpace(error)
      }
    },
    open: async (project, digest, range) => {
      if (!range) {
        const { stream, size } = await get(project, digest)
        return { stream: verifiedStream(stream, { project, digest }, report), size }
      }
      return openRange(project, digest, range)
    },
    read: async (project, digest) => {
      const copy = await copies.find(project, requireDigest(digest), { stays: false })
      if (copy !== undefined) {
        const bytes = await readFile(copy).catch(() => undefined)
        if (bytes && createHash('sha256').update(bytes).digest('hex') === digest) return bytes
      }
      const { stream } = await get(project, digest)
      return buffer(verifiedStream(stream, { project, digest }, report))
    },
    has: async (project, digest) => (await find(project, digest)) !== undefined,
    localPath,
    delete: async (project, digest) => {
      await requireOwned()
      await client.remove(keyOf(project, digest))
      await chunks.drop(project, digest)
      for await (const aside of asideOf(`${project}/${digest}.`)) await client.remove(aside.key)
      await copies.drop(project, digest)
    },
    link: async (project, digest, { write, seconds }) => {
      if (!options.links) return undefined
      const key = keyOf(project, digest)
      const method = write ? 'PUT' : 'GET'
      if (!write && !(await find(project, digest))) throw blobErrors.NOT_FOUND(digest)
      if (write) await requireOwned()
      const headers: Record<string, string> = write
        ? {
            'content-length': String(write.size),
            'x-amz-checksum-sha256': Buffer.from(digest, 'hex').toString('base64'),
          }
        : {}
      return {
        method,
        url: client.link(key, { method, headers, seconds }),
        headers,
        expiresAt: Date.now() + seconds * 1000,
      }
    },
    parts,
    async *list(): AsyncIterable<StoredContent> {
      for await (const { key, size, at: time } of client.list(at('blobs/'))) {
        const [project = '', , digest = ''] = key.slice(at('blobs/').length).split('/')
        if (/^[0-9a-f]{64}$/.test(digest)) yield { project, digest, size, at: time }
      }
    },
    setAside: async (project, digest, time) => {
      await requireOwned()
      const key = keyOf(project, digest)
      const found = await client.head(key)
      if (!found) return
      // Each act makes a copy of its own before it removes the one in place: whoever else moves the same content, one copy is always there.
      const aside = at(`aside/${project}/${digest}.${time}.${randomUUID()}`)
      if (await client.copy({ key, size: found.size }, aside)) await client.remove(key)
    },
    listAside: () => asideOf(''),
    bringBack: async (aside) => {
      await requireOwned()
      await comeBack(aside)
    },
    dropAside: async (aside) => {
      await requireOwned()
      await client.remove(aside.key)
      await copies.drop(aside.project, aside.digest)
      if (!(await client.head(keyOf(aside.project, aside.digest)))) await chunks.drop(aside.project, aside.digest)
    },
    dropUnfinished: async (before) => {
      // The rows of uploads in parts end them sooner; these are of nobody.
      const longAgo = before - longestUploadMs
      let dropped = await client.abortUploads(at('blobs/'), before)
      dropped += await client.abortUploads(at('uploads/'), longAgo)
      for await (const { key, at: time } of client.list(at('uploads/'))) {
        if (time >= longAgo) continue
        await client.remove(key)
        dropped += 1
      }
      return dropped
    },
    close: () => client.close(),
  }
}
