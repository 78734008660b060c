import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import {
  blobErrors,
  createContentHasher,
  createVerifiedFiles,
  type ChunkIndex,
  type Damage,
  type FetchBytes,
  longestUploadMs,
  noChunkIndex,
  openVerifiedRange,
  requireDigest,
  requireRange,
  readStoredFile,
} from '../../kernel/blobs/index.ts'
import type { AsideContent, BlobStore, StoredContent } from '../../kernel/ports/blob-store.ts'
import { createLocalParts } from './local-parts.ts'
import { writeNewFile } from './write-file.ts'

/**
 * Content in a local directory: `root/project/ab/abcdef…`; written to a temporary name, synced, then renamed. What was set aside lies in
 * `root/project/aside` under its digest, the time and a word of its own.
 */
export function createBlobLocal({
  root,
  sync = true,
  onDamaged = () => {},
  chunks = noChunkIndex,
}: {
  root: string
  sync?: boolean
  onDamaged?: (damage: Damage) => void
  chunks?: ChunkIndex
}): BlobStore {
  const files = createVerifiedFiles(onDamaged)
  const pathOf = (project: string, digest: string): string =>
    join(root, project, requireDigest(digest).slice(0, 2), digest)
  const sizeAt = (path: string): Promise<number | undefined> =>
    stat(path).then(
      (found) => found.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      },
    )

  /** Finds content in its place, or aside, from where it comes back. */
  const find = async (project: string, digest: string): Promise<{ path: string; size: number } | undefined> => {
    const path = pathOf(project, digest)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const size = await sizeAt(path)
      if (size !== undefined) return { path, size }
      const [key] = (await namesIn(join(root, project, 'aside'))).filter((name) => name.startsWith(digest))
      if (key === undefined) return undefined
      await comeBack(join(root, project, 'aside', key), path)
    }
    return undefined
  }
  const require = async (project: string, digest: string): Promise<{ path: string; size: number }> => {
    const found = await find(project, digest)
    if (!found) throw blobErrors.NOT_FOUND(digest)
    return found
  }
  /** Moves back in one step; the time of change is new, so that it counts as just written. Losing a race to another reader is as good. */
  const comeBack = async (from: string, path: string): Promise<void> => {
    const now = new Date()
    await makeDirectory(dirname(path), sync)
    try {
      await utimes(from, now, now)
      await rename(from, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  const receive = async (path: string, source: Readable, options: { expected?: string; size?: number } = {}) => {
    const hasher = createContentHasher(path)
    try {
      await writeNewFile(path, source, sync, hasher.update)
      return await hasher.finish({ digest: options.expected, size: options.size })
    } finally {
      await hasher.end()
    }
  }

  const parts = createLocalParts({
    root,
    find,
    settle: async (project, from, { digest, chunks: pieces }) => {
      const path = pathOf(project, digest)
      await makeDirectory(dirname(path), sync)
      await chmod(from, 0o440)
      if (sync) await syncPath(from)
      await files.trust(path, from)
      await rename(from, path)
      if (sync) await syncPath(dirname(path))
      if (pieces) await chunks.save(project, digest, pieces)
    },
  })

  async function* listAside(): AsyncIterable<AsideContent> {
    for (const project of await namesIn(root)) {
      for (const key of await namesIn(join(root, project, 'aside'))) {
        const [digest = '', at = ''] = key.split('.')
        const size = await sizeAt(join(root, project, 'aside', key))
        if (size !== undefined) yield { project, digest, size, at: Number(at), key }
      }
    }
  }

  return {
    own: async (instance) => {
      const marker = join(root, '.instance')
      await makeDirectory(root, sync)
      await writeFile(marker, instance, { flag: 'wx', mode: 0o640 }).catch(() => {})
      const owner = await readFile(marker, 'utf8')
      if (owner !== instance) throw blobErrors.FOREIGN(root, `belongs to instance ${owner}, and this is ${instance}`)
    },
    put: async (project, content, options) => {
      const temporary = join(root, project, 'incoming', randomUUID())
      const source = content instanceof Uint8Array ? Readable.from([Buffer.from(content)]) : content
      // One that breaks off before it is read fails its reader and not the process.
      source.on('error', () => {})
      try {
        await makeDirectory(dirname(temporary), sync)
        const { chunks: pieces, ...stored } = await receive(temporary, source, options)
        const path = pathOf(project, stored.digest)
        await makeDirectory(dirname(path), sync)
        await files.trust(path, temporary)
        await rename(temporary, path)
        if (sync) await syncPath(dirname(path))
        if (pieces) await chunks.save(project, stored.digest, pieces)
        return stored
      } catch (error) {
        await rm(temporary, { force: true })
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw blobErrors.NO_SPACE()
        throw error
      }
    },
    open: async (project, digest, range) => {
      const { path, size } = await require(project, digest)
      if (!range)
        return {
          stream: readStoredFile({ path, start: 0, size, check: { project, digest, onDamaged } }),
          size,
        }
      const pieces = (await files.knows(path)) ? undefined : await chunks.find(project, digest)
      requireRange(range, pieces?.size ?? size)
      if (pieces) {
        const fetch: FetchBytes = async (bytes) => createReadStream(path, { ...bytes, highWaterMark: 1 << 18 })
        return {
          stream: await openVerifiedRange({ project, digest }, range, pieces, fetch, onDamaged),
          size: pieces.size,
        }
      }
      await files.verify(path, { project, digest }, (found) => chunks.save(project, digest, found))
      return { stream: readStoredFile({ path, start: range.start, size: range.end - range.start + 1 }), size }
    },
    read: async (project, digest) => {
      const { path, size } = await require(project, digest)
      const pieces: Buffer[] = []
      for await (const piece of readStoredFile({ path, start: 0, size, check: { project, digest, onDamaged } }))
        pieces.push(piece as Buffer)
      return Buffer.concat(pieces)
    },
    has: async (project, digest) => (await find(project, digest)) !== undefined,
    localPath: async (project, digest) => {
      const { path } = await require(project, digest)
      await files.verify(path, { project, digest })
      return path
    },
    delete: async (project, digest) => {
      await rm(pathOf(project, digest), { force: true })
      await chunks.drop(project, digest)
      for (const key of await namesIn(join(root, project, 'aside')))
        if (key.startsWith(digest)) await rm(join(root, project, 'aside', key), { force: true })
    },
    link: async () => undefined,
    parts,

    async *list(): AsyncIterable<StoredContent> {
      for (const project of await namesIn(root)) {
        for (const shard of (await namesIn(join(root, project))).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
          for (const digest of await namesIn(join(root, project, shard))) {
            const found = await stat(join(root, project, shard, digest)).catch(() => undefined)
            if (found) yield { project, digest, size: found.size, at: found.mtimeMs }
          }
        }
      }
    },
    setAside: async (project, digest, at) => {
      const path = pathOf(project, digest)
      const aside = join(root, project, 'aside', `${digest}.${at}.${randomUUID()}`)
      await makeDirectory(dirname(aside), sync)
      await rename(path, aside).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    },
    listAside,
    bringBack: async ({ project, digest, key }) => comeBack(join(root, project, 'aside', key), pathOf(project, digest)),
    dropAside: async ({ project, digest, key }) => {
      await rm(join(root, project, 'aside', key), { force: true })
      if ((await sizeAt(pathOf(project, digest))) === undefined) await chunks.drop(project, digest)
    },
    dropUnfinished: async (before) => {
      let dropped = 0
      for (const project of await namesIn(root)) {
        for (const name of await namesIn(join(root, project, 'incoming'))) {
          const path = join(root, project, 'incoming', name)
          const found = await stat(path).catch(() => undefined)
          if (!found || found.mtimeMs >= before) continue
          await rm(path, { force: true })
          dropped += 1
        }
        // Their rows end them sooner; these are of nobody.
        for (const upload of await namesIn(join(root, project, 'uploads'))) {
          const path = join(root, project, 'uploads', upload)
          const found = await stat(path).catch(() => undefined)
          if (!found || found.mtimeMs >= before - longestUploadMs) continue
          await rm(path, { recursive: true, force: true })
          dropped += 1
        }
      }
      return dropped
    },
  }
}

/** Removes what a killed process left of uploads. Only while nobody else writes there. */
export async function removeIncoming(root: string): Promise<void> {
  for (const project of await namesIn(root)) await rm(join(root, project, 'incoming'), { recursive: true, force: true })
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

/** Makes a directory whose name survives a power failure as the files in it do. */
async function makeDirectory(path: string, sync: boolean): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o750 })
  if (made === undefined || !sync) return
  for (let at = path; at.length >= made.length; at = dirname(at)) await syncPath(dirname(at))
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
