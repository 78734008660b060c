import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { defineErrors } from '../../kernel/errors/index.ts'
import type { BlobStore } from '../../kernel/ports/blob-store.ts'

export const blobErrors = defineErrors('BLOB', {
  NOT_FOUND: {
    status: 404,
    message: (digest: string) => `No content with digest ${digest.slice(0, 12)}… is stored in this project.`,
  },
  BAD_DIGEST: { status: 400, message: (digest: string) => `"${digest}" is not a SHA-256 digest.` },
  DIGEST_MISMATCH: {
    status: 400,
    message: (expected: string, found: string) =>
      `The content has digest ${found.slice(0, 12)}…, but ${expected.slice(0, 12)}… was announced. Nothing was stored.`,
  },
  NO_SPACE: {
    status: 507,
    message: () => 'The disk of the object store is full. Nothing was stored; free space and try again.',
  },
})

/** Content in a local directory: `root/project/ab/abcdef…`; written to a temporary name, synced, then renamed. */
export function createBlobLocal({ root, sync = true }: { root: string; sync?: boolean }): BlobStore {
  const pathOf = (project: string, digest: string): string => {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw blobErrors.BAD_DIGEST(digest)
    return join(root, project, digest.slice(0, 2), digest)
  }
  const require = async (project: string, digest: string): Promise<string> => {
    const path = pathOf(project, digest)
    try {
      await access(path)
    } catch {
      throw blobErrors.NOT_FOUND(digest)
    }
    return path
  }
  return {
    put: async (project, content, options) => {
      const temporary = join(root, project, 'incoming', randomUUID())
      const hash = createHash('sha256')
      let size = 0
      try {
        await makeDirectory(dirname(temporary), sync)
        const count = new Transform({
          transform(chunk: Buffer, _encoding, done) {
            hash.update(chunk)
            size += chunk.length
            done(null, chunk)
          },
        })
        await pipeline(
          content instanceof Uint8Array ? Readable.from([Buffer.from(content)]) : content,
          count,
          createWriteStream(temporary, { flags: 'wx', mode: 0o440 }),
        )
        const digest = hash.digest('hex')
        if (options?.expected !== undefined && options.expected !== digest)
          throw blobErrors.DIGEST_MISMATCH(options.expected, digest)
        const path = pathOf(project, digest)
        await makeDirectory(dirname(path), sync)
        if (sync) await syncPath(temporary)
        await rename(temporary, path)
        if (sync) await syncPath(dirname(path))
        return { digest, size }
      } catch (error) {
        await rm(temporary, { force: true })
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw blobErrors.NO_SPACE()
        throw error
      }
    },
    open: async (project, digest, range) => {
      const path = await require(project, digest)
      const { size } = await stat(path)
      return { stream: createReadStream(path, range), size }
    },
    read: async (project, digest) => readFile(await require(project, digest)),
    has: async (project, digest) =>
      access(pathOf(project, digest)).then(
        () => true,
        () => false,
      ),
    localPath: require,
    delete: async (project, digest) => rm(pathOf(project, digest), { force: true }),
  }
}

/** Removes what a killed process left of uploads. Only while nobody else writes there. */
export async function removeIncoming(root: string): Promise<void> {
  const projects = await readdir(root).catch(() => [])
  for (const project of projects) await rm(join(root, project, 'incoming'), { recursive: true, force: true })
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
