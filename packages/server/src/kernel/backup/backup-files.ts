import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Where the files of a backup go, and how they come back. */
export interface BackupFiles {
  /** Stores a file and says what it was. Leaves nothing when the content breaks off. */
  write(path: string, content: Readable): Promise<{ bytes: number; sha256: string }>
  /** Opens a file; fails with ENOENT where there is none. */
  open(path: string): Promise<Readable>
  /** Ends writing: from now on the backup is whole. */
  finish(): Promise<void>
}

/** The files as they are, in a directory. */
export function backupFolder(directory: string): BackupFiles {
  return {
    write: async (path, content) => {
      const counted = hashedStream()
      await writeFileAt(join(directory, path), content, counted.stream)
      return counted.result()
    },
    open: (path) => opened(createReadStream(join(directory, path))),
    finish: async () => {},
  }
}

/** Counts and hashes what flows through. */
export function hashedStream(): { stream: Transform; result(): { bytes: number; sha256: string } } {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ bytes, sha256: hash.digest('hex') }) }
}

/** Writes a file that only its owner reads, through the given stages; removes it again when that fails. */
export async function writeFileAt(path: string, ...stages: [Readable, ...NodeJS.ReadWriteStream[]]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await pipeline([...stages, createWriteStream(path, { mode: 0o600 })])
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Waits until the file is there or is not. */
export function opened<S extends Readable>(stream: S): Promise<S> {
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream))
    stream.once('error', reject)
  })
}
