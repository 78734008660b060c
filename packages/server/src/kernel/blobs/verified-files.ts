import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type ChunkDigests, createChunkHasher } from './chunk-digests.ts'
import { blobErrors } from './errors.ts'
import type { Damage } from './verify-content.ts'

/** Remembers which files of this machine were read whole and found right, until their inode, size or time of change is another. */
export interface VerifiedFiles {
  /** Reads the file once and throws BLOB.DAMAGED, after reporting it, when its bytes are not those of the digest. Returns its size; throws ENOENT. `onChunks` hears the digests of the pieces of large content that was read. */
  verify(
    path: string,
    content: { project: string; digest: string },
    onChunks?: (chunks: ChunkDigests) => Promise<void>,
  ): Promise<number>
  /** Whether `verify` would not have to read it. */
  knows(path: string): Promise<boolean>
  /** The bytes of this file were hashed while they were written. */
  trust(path: string, from?: string): Promise<void>
}

const mostKnown = 100_000

export function createVerifiedFiles(onDamaged: (damage: Damage) => void): VerifiedFiles {
  const known = new Map<string, string>()
  const running = new Map<string, Promise<void>>()
  const remember = (path: string, state: string): void => {
    // Whatever is forgotten is read once more.
    if (known.size >= mostKnown) for (const old of [...known.keys()].slice(0, mostKnown / 10)) known.delete(old)
    known.set(path, state)
  }
  const stateOf = async (path: string): Promise<{ size: number; state: string }> => {
    const { ino, size, mtimeMs } = await stat(path)
    return { size, state: `${ino} ${size} ${mtimeMs}` }
  }
  return {
    knows: async (path) => known.get(path) === (await stateOf(path)).state,
    verify: async (path, content, onChunks) => {
      const { size, state } = await stateOf(path)
      if (known.get(path) === state) return size
      const key = `${path} ${state}`
      let work = running.get(key)
      if (!work) {
        work = (async () => {
          const hash = createHash('sha256')
          const pieces = onChunks && createChunkHasher()
          for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
            hash.update(chunk as Buffer)
            pieces?.update(chunk as Buffer)
          }
          const found = hash.digest('hex')
          if (found !== content.digest) {
            const why = `its bytes have digest ${found.slice(0, 12)}…`
            onDamaged({ ...content, why })
            throw blobErrors.DAMAGED(content.digest, why)
          }
          remember(path, state)
          const chunks = pieces?.finish()
          if (chunks) await onChunks?.(chunks)
        })().finally(() => running.delete(key))
        running.set(key, work)
      }
      await work
      return size
    },
    trust: async (path, from = path) => remember(path, (await stateOf(from)).state),
  }
}
