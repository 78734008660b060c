import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  blobErrors,
  checkStored,
  type ChunkIndex,
  chunkSize,
  createLocalCopies,
  type Damage,
  type FetchBytes,
  noSpace,
  openVerifiedRange,
  requireDigest,
  requireRange,
  verifiedStream,
} from '../blobs/index.ts'
import type { BlobStore } from '../ports/index.ts'
import { createPlaceAsker, type PlaceUse } from './ask-place.ts'
import { isPlacedAside, type PlacedContent, type PlacedIndex } from './placed-index.ts'
import type { OpenPlace, Places } from './places.ts'

/**
 * The store of an instance some of whose projects keep their content elsewhere. What is new goes to the place of its project, and our database says so; what the
 * database does not name is in the instance's own store. Parts are gathered in the own store, which all servers share, and brought to the place when they are whole.
 */
export function createPlacedBlobs({
  own,
  places,
  index,
  chunks,
  onDamaged,
  isReferred,
  onUse,
  pauseMs,
  ...options
}: {
  own: BlobStore
  places: Pick<Places, 'current' | 'any' | 'find' | 'changed'>
  index: PlacedIndex
  chunks: ChunkIndex
  /** Directory of this machine for copies, and how many bytes they may have. */
  copies: { readonly root: string; readonly maxBytes: number }
  onDamaged: (damage: Damage) => void
  /** Whether something holds the content already. */
  isReferred: (project: string, digest: string) => Promise<boolean>
  /** Hears how each call to a place ended. */
  onUse?: (use: PlaceUse) => void
  pauseMs?: number
}): BlobStore {
  const asker = createPlaceAsker({ places, onUse, pauseMs })
  const copies = createLocalCopies(options.copies)
  const fetching = new Map<string, Promise<string>>()

  const report = async (damage: Damage): Promise<void> => {
    onDamaged(damage)
    await index.noteDamage(damage.project, damage.digest)
  }
  /** Where the content of this project lies, unless it is in the own store. */
  const find = async (project: string, digest: string): Promise<PlacedContent | undefined> => {
    requireDigest(digest)
    if (!(await places.any(project))) return undefined
    const found = await index.find(project, digest)
    return found?.removing ? undefined : found
  }
  /** Content of a place that was chosen on another server a moment ago is not missed. */
  const orPlaced = async <T>(project: string, digest: string, ofOwn: () => Promise<T>, again: () => Promise<T>) => {
    try {
      return await ofOwn()
    } catch (error) {
      if ((error as { code?: string }).code !== 'BLOB.NOT_FOUND') throw error
      const found = await index.find(project, digest)
      if (!found || found.removing) throw error
      places.changed(project)
      return again()
    }
  }
  const get = async (
    project: string,
    digest: string,
    at: PlacedContent,
    range?: { start: number; end: number },
  ): Promise<Readable> => {
    const stream = await asker.get(project, at, range)
    if (stream) return stream
    const why = 'it is not in its place any more'
    await report({ project, digest, why })
    throw blobErrors.DAMAGED(digest, why)
  }
  const getVerified = async (project: string, digest: string, at: PlacedContent): Promise<Readable> =>
    verifiedStream(await get(project, digest, at), { project, digest }, report)

  /** Removes what is under a key; a place that fails leaves it marked, and a collection tries again. */
  const remove = async (project: string, digest: string, asideKey?: string): Promise<void> => {
    const found = await index.beginRemoval(project, digest, asideKey)
    if (!found) return
    await copies.drop(project, digest)
    await asker.ask(await asker.open(project, found.place), (place) => place.delete(found))
    await index.endRemoval(project, digest, found.key)
    await chunks.drop(project, digest)
  }
  /** Brings a file, whose bytes were hashed, to the place of its project, unless it is there. */
  const bring = async (
    target: OpenPlace,
    project: string,
    content: { digest: string; size: number; path: string },
  ): Promise<void> => {
    const { digest, size } = content
    const there = await index.find(project, digest)
    if (there && !there.damaged && !there.removing && there.size === size) return
    const key = await asker.ask(target, (place) => place.put(content, { fresh: there !== undefined }))
    const before = await index.save(project, digest, { place: target.id, key, size })
    // What was damaged; that it stays where the place does not let go of it does no harm.
    if (before && !before.removing && (before.key !== key || before.place !== target.id))
      await (await asker.open(project, before.place)).place.delete(before).catch(() => {})
  }

  const fetchCopy = async (project: string, digest: string, at: PlacedContent): Promise<string> => {
    const known = await copies.find(project, digest, { stays: true })
    if (known !== undefined) return known
    const path = await copies.incoming()
    try {
      const found = await copies.receive(await getVerified(project, digest, at), path)
      await copies.keep(project, digest, path)
      if (found.chunks) await chunks.save(project, digest, found.chunks)
    } catch (error) {
      await rm(path, { force: true })
      throw noSpace(error)
    }
    const copy = await copies.find(project, digest, { stays: true })
    if (copy === undefined) throw blobErrors.UNAVAILABLE('of local copies', 'a copy went away while it was made')
    return copy
  }
  const copyOf = (project: string, digest: string, at: PlacedContent): Promise<string> => {
    const key = `${project} ${digest}`
    let work = fetching.get(key)
    if (!work) {
      work = fetchCopy(project, digest, at).finally(() => fetching.delete(key))
      fetching.set(key, work)
    }
    return work
  }
  /** A part of content, checked by itself: against the copy of this machine, its pieces, or, where nobody knows those, a copy that is fetched and checked whole. */
  const openRange = async (
    project: string,
    digest: string,
    at: PlacedContent,
    range: { start: number; end: number },
  ): Promise<{ stream: Readable; size: number }> => {
    const { size } = at
    requireRange(range, size)
    const known = size <= chunkSize ? ownPiece(digest, size) : await chunks.find(project, digest)
    if (!known) return { stream: createReadStream(await copyOf(project, digest, at), range), size }
    const whole = await copies.find(project, digest, { stays: false })
    const copy = whole === undefined ? undefined : await open(whole, 'r').catch(() => undefined)
    if (copy) return { stream: copy.createReadStream(range), size }
    const fetch: FetchBytes = (bytes) => get(project, digest, at, bytes)
    return { stream: await openVerifiedRange({ project, digest }, range, known, fetch, report), size }
  }

  const store: BlobStore = {
    own: own.own,
    put: async (project, content, announced) => {
      // One that breaks off before it is read fails its reader and not the process.
      if (content instanceof Readable) content.on('error', () => {})
      const target = await places.current(project)
      if (!target) return own.put(project, content, announced)
      const source = content instanceof Readable ? content : Readable.from([Buffer.from(content)])
      const path = await copies.incoming()
      try {
        const { chunks: pieces, ...received } = await copies.receive(source, path)
        const stored = checkStored(received, { digest: announced?.expected, size: announced?.size })
        await bring(target, project, { ...stored, path })
        await copies.keep(project, stored.digest, path)
        if (pieces) await chunks.save(project, stored.digest, pieces)
        return stored
      } catch (error) {
        await rm(path, { force: true })
        throw noSpace(error)
      }
    },
    open: async (project, digest, range) => {
      const at = await find(project, digest)
      if (!at)
        return orPlaced(
          project,
          digest,
          () => own.open(project, digest, range),
          () => store.open(project, digest, range),
        )
      if (range) return openRange(project, digest, at, range)
      return { stream: await getVerified(project, digest, at), size: at.size }
    },
    read: async (project, digest) => {
      const at = await find(project, digest)
      if (!at)
        return orPlaced(
          project,
          digest,
          () => own.read(project, digest),
          () => store.read(project, digest),
        )
      const copy = await copies.find(project, digest, { stays: false })
      if (copy !== undefined) {
        const bytes = await readFile(copy).catch(() => undefined)
        if (bytes && createHash('sha256').update(bytes).digest('hex') === digest) return bytes
      }
      return buffer(await getVerified(project, digest, at))
    },
    has: async (project, digest) => {
      if (await find(project, digest)) return true
      if (await own.has(project, digest)) return true
      const found = await index.find(project, digest)
      return found !== undefined && !found.removing
    },
    localPath: async (project, digest) => {
      const at = await find(project, digest)
      if (!at)
        return orPlaced(
          project,
          digest,
          () => own.localPath(project, digest),
          () => store.localPath(project, digest),
        )
      return copyOf(project, digest, at)
    },
    delete: async (project, digest) => {
      requireDigest(digest)
      await remove(project, digest)
      await own.delete(project, digest)
    },
    link: async (project, digest, want) => {
      if (want.write ? await places.current(project) : await find(project, digest)) return undefined
      return own.link(project, digest, want)
    },
    parts: {
      ...own.parts,
      finish: async (project, at, wanted) => {
        const target = await places.current(project)
        const there = target && wanted.digest !== undefined ? await find(project, wanted.digest) : undefined
        const found = await own.parts.finish(project, at, wanted).catch((error: unknown) => {
          // An answer that was lost: the content is in its place, and nothing of it is here any more.
          if (there && there.size === wanted.size && !there.damaged)
            return { digest: wanted.digest as string, size: there.size }
          throw error
        })
        if (!target || !(await own.has(project, found.digest))) return found
        await bring(target, project, { ...found, path: await own.localPath(project, found.digest) })
        // What something holds already was in the own store before, and may be in use there.
        if (await isReferred(project, found.digest)) return found
        const pieces = await chunks.find(project, found.digest)
        await own.delete(project, found.digest)
        if (pieces) await chunks.save(project, found.digest, pieces)
        return found
      },
    },

    async *list() {
      yield* own.list()
      yield* index.list()
    },
    setAside: async (project, digest, at) => {
      await own.setAside(project, digest, at)
      await index.setAside(project, digest, at)
    },
    async *listAside() {
      yield* own.listAside()
      yield* index.listAside()
    },
    bringBack: (aside) => (isPlacedAside(aside) ? index.bringBack(aside) : own.bringBack(aside)),
    dropAside: async (aside) => {
      if (!isPlacedAside(aside)) return own.dropAside(aside)
      await remove(aside.project, aside.digest, aside.key)
    },
    dropUnfinished: own.dropUnfinished,
  }
  return store
}

/** The digest of small content is that of its one piece. */
const ownPiece = (digest: string, size: number) => ({ size, chunkSize, digests: Buffer.from(digest, 'hex') })
