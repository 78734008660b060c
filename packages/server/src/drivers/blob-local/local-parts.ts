import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  blobErrors,
  type Counted,
  countingStream,
  exactly,
  heldStream,
  requireParts,
  requireUpload,
} from '../../kernel/blobs/index.ts'
import type { PartStore, StoredPart } from '../../kernel/ports/blob-store.ts'

/**
 * Parts of uploads in `root/PROJECT/uploads/ID`: each is written to its place in one file, but the last, whose place is known only when another one has
 * come. A part counts when its note lies beside. Finishing reads the file once and moves it: nothing is copied.
 */
export function createLocalParts({
  root,
  settle,
  find,
}: {
  root: string
  /** Makes a verified file the content of its digest. */
  settle: (project: string, path: string, found: Counted) => Promise<void>
  find: (project: string, digest: string) => Promise<unknown>
}): PartStore {
  const writing = new Map<string, number>()
  const folderOf = (project: string, upload: string): string => join(root, project, 'uploads', requireUpload(upload))
  const notes = async (folder: string): Promise<StoredPart[]> => {
    const names = await readdir(join(folder, 'parts')).catch(() => [])
    const parts: StoredPart[] = []
    for (const name of names.filter((one) => /^\d+$/.test(one))) {
      const note = await readFile(join(folder, 'parts', name), 'utf8').catch(() => '')
      // A note of which a power failure left half is no note.
      const [, size, etag] = /^(\d+) ([0-9a-f]{64})$/.exec(note) ?? []
      if (etag !== undefined) parts.push({ number: Number(name), size: Number(size), etag })
    }
    return parts.toSorted((a, b) => a.number - b.number)
  }

  return {
    begin: async (project, upload) => {
      const folder = folderOf(project, upload)
      await mkdir(join(folder, 'parts'), { recursive: true, mode: 0o750 })
      await writeFile(join(folder, 'content'), '', { mode: 0o640 })
      return 'local'
    },
    put: async (project, { upload }, { number, last, size, digest }, content) => {
      const source = heldStream(content)
      const folder = folderOf(project, upload)
      writing.set(folder, (writing.get(folder) ?? 0) + 1)
      try {
        const note = join(folder, 'parts', String(number))
        await rm(note, { force: true })
        const counted = countingStream({ pieces: false })
        const place = last
          ? createWriteStream(join(folder, 'last'), { mode: 0o640 })
          : createWriteStream(join(folder, 'content'), { flags: 'r+', start: (number - 1) * size })
        await pipeline(exactly(source, size), counted.stream, place)
        const found = await counted.finish({ digest, size })
        await writeFile(note, `${found.size} ${found.digest}`, { mode: 0o640 })
        return { number, size: found.size, etag: found.digest }
      } catch (error) {
        source.destroy()
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw blobErrors.NO_SPACE()
        if (code === 'ENOENT') throw blobErrors.NO_UPLOAD(upload)
        throw error
      } finally {
        const left = (writing.get(folder) ?? 1) - 1
        if (left === 0) writing.delete(folder)
        else writing.set(folder, left)
      }
    },
    list: (project, { upload }) => notes(folderOf(project, upload)),
    link: () => undefined,
    finish: async (project, { upload }, wanted) => {
      const folder = folderOf(project, upload)
      const file = join(folder, 'content')
      const finished = join(folder, 'finished')
      const before = await readFile(finished, 'utf8').catch(() => undefined)
      if (before !== undefined && (await stat(file).catch(() => undefined)) === undefined) {
        const found = JSON.parse(before) as { digest: string; size: number }
        if (await find(project, found.digest)) return found
      }
      if (writing.has(folder)) throw blobErrors.PART_UNDER_WAY()
      const parts = requireParts(await notes(folder), wanted)
      const total = parts.reduce((sum, part) => sum + part.size, 0)
      const last = parts.at(-1) as StoredPart
      const counted = countingStream()
      try {
        await pipeline(
          createReadStream(join(folder, 'last')),
          createWriteStream(file, { flags: 'r+', start: total - last.size }),
        )
        await truncate(file, total)
        const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
        await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), counted.stream, sink)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        throw code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? blobErrors.NO_SPACE() : error
      }
      const found = await counted.finish(wanted)
      const { digest, size } = found
      await writeFile(finished, JSON.stringify({ digest, size }), { mode: 0o640 })
      await settle(project, file, found)
      return { digest, size }
    },
    end: async (project, { upload }) => rm(folderOf(project, upload), { recursive: true, force: true }),
  }
}
