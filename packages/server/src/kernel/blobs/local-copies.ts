import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, chmod, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createVerifiedFiles } from './verified-files.ts'
import { type Counted, countingStream } from './verify-content.ts'

/** Verified copies of content on this machine. Paths that were given out stay until the process ends; of the others the least used go when there are too many bytes. */
export interface LocalCopies {
  /** A path for content that is being received. */
  incoming(): Promise<string>
  /** Receives a stream into such a path and returns what it is. */
  receive(content: Readable, path: string): Promise<Counted>
  /** Makes a received file, whose bytes were hashed, the copy of that content. */
  keep(project: string, digest: string, path: string): Promise<void>
  /** The verified copy, if there is one. A damaged one is removed. `stays` promises the path until the process ends. */
  find(project: string, digest: string, options: { stays: boolean }): Promise<string | undefined>
  drop(project: string, digest: string): Promise<void>
}

export function createLocalCopies({ root, maxBytes }: { root: string; maxBytes: number }): LocalCopies {
  // A damaged copy says nothing about the content in the store: it is fetched again.
  const files = createVerifiedFiles(() => {})
  const staying = new Set<string>()
  const pathOf = (project: string, digest: string): string => join(root, project, digest.slice(0, 2), digest)
  let bytes: number | undefined
  let sweeping: Promise<void> | undefined

  const sweep = async (): Promise<void> => {
    const copies: { path: string; size: number; at: number }[] = []
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const found = await stat(path).catch(() => undefined)
      if (found && dirname(path) !== join(root, '.incoming')) copies.push({ path, size: found.size, at: found.mtimeMs })
    }
    bytes = copies.reduce((sum, { size }) => sum + size, 0)
    for (const { path, size } of copies.toSorted((a, b) => a.at - b.at)) {
      if (bytes <= maxBytes) return
      if (staying.has(path)) continue
      await rm(path, { force: true })
      bytes -= size
    }
  }

  return {
    incoming: async () => {
      await mkdir(join(root, '.incoming'), { recursive: true, mode: 0o750 })
      return join(root, '.incoming', randomUUID())
    },
    receive: async (content, path) => {
      const counted = countingStream()
      await pipeline(content, counted.stream, createWriteStream(path, { flags: 'wx', mode: 0o640 }))
      return counted.finish()
    },
    keep: async (project, digest, path) => {
      const copy = pathOf(project, digest)
      await mkdir(dirname(copy), { recursive: true, mode: 0o750 })
      await chmod(path, 0o440)
      await files.trust(copy, path)
      await rename(path, copy)
      if (bytes !== undefined) bytes += (await stat(copy)).size
      if (bytes === undefined || bytes > maxBytes) sweeping ??= sweep().finally(() => (sweeping = undefined))
    },
    find: async (project, digest, { stays }) => {
      const path = pathOf(project, digest)
      try {
        await access(path)
        if (stays) staying.add(path)
        await files.verify(path, { project, digest })
      } catch {
        staying.delete(path)
        await rm(path, { force: true })
        return undefined
      }
      const now = new Date()
      // The time of change says when it was last wanted.
      await utimes(path, now, now).catch(() => {})
      await files.trust(path).catch(() => {})
      return path
    },
    drop: async (project, digest) => rm(pathOf(project, digest), { force: true }),
  }
}
