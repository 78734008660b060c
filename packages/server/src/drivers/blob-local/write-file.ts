import { open } from 'node:fs/promises'
import { finished, type Readable } from 'node:stream'
import { collectYoung } from '../../kernel/blobs/index.ts'

/** Most content is smaller than this. */
const firstBytes = 64 * 1024
/** Larger than what comes from a connection at once: a write costs more than the copy of some pages. */
const pieceBytes = 1024 * 1024

/**
 * Writes a new file that nobody changes any more; `onPiece` sees its bytes in order, in pieces that do not change until its promise resolves, when all before them are
 * written. A piece is written while the next one comes in; a stream of Node's would stop to read until everything that it holds is written, and each one between
 * connection and file costs as much as the write. Bytes are copied into two buffers that take turns, so that those of the connection die young: what lives until it is written has to be found by whole rounds of the garbage collector.
 */
export async function writeNewFile(
  path: string,
  content: Readable,
  sync: boolean,
  onPiece: (bytes: Buffer) => Promise<void> | undefined,
): Promise<void> {
  const file = await open(path, 'wx', 0o440)
  let buffer: Buffer = Buffer.allocUnsafeSlow(firstBytes)
  let other: Buffer | undefined
  let filled = 0
  let writing: Promise<void> | undefined
  /** Begins to write what is filled; only when nothing is being written. */
  const write = (): void => {
    const bytes = buffer.subarray(0, filled)
    collectYoung(bytes.length)
    const written = Promise.all([onPiece(bytes), file.writeFile(bytes)]).then(() => {
      writing = undefined
    })
    // Its failure is that of the next piece, or of the end.
    written.catch(() => {})
    writing = written
    filled = 0
    const before = buffer
    buffer = other ?? Buffer.from(new SharedArrayBuffer(pieceBytes))
    other = before.length === pieceBytes ? before : undefined
  }
  /** Takes bytes until they are all copied, or until a buffer has to be written first; returns how many. */
  const take = (bytes: Buffer, from: number): number => {
    let at = from
    while (at < bytes.length) {
      const taken = bytes.copy(buffer, filled, at)
      filled += taken
      at += taken
      if (filled < buffer.length) continue
      if (writing) break
      write()
    }
    return at
  }
  try {
    await consume(content, (bytes) => {
      const at = take(bytes, 0)
      if (filled < buffer.length) return undefined
      return (async () => {
        for (let next = at; ; ) {
          await writing
          write()
          next = take(bytes, next)
          if (next === bytes.length && filled < buffer.length) return
        }
      })()
    })
    await writing
    if (filled > 0) write()
    await writing
    if (sync) await file.sync()
  } finally {
    await writing?.catch(() => {})
    await file.close()
  }
}

/** Reads a stream to its end, which waits whenever `take` says so. A failure of either ends both. */
function consume(content: Readable, take: (bytes: Buffer) => Promise<void> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let taking: Promise<void> | undefined
    const fail = (error: unknown): void => void content.destroy(error as Error)
    // The end is said while what came last is still being taken.
    finished(content, { writable: false }, (error) => (error ? reject(error) : resolve(taking)))
    content.on('data', (bytes: Buffer) => {
      try {
        taking = take(bytes)
        if (!taking) return
        content.pause()
        taking.then(() => content.resume(), fail)
      } catch (error) {
        fail(error)
      }
    })
  })
}
