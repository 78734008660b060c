import { open } from 'node:fs/promises'

/** Most content is smaller than this. */
const firstBytes = 64 * 1024
/** Larger than what comes from a connection at once: a write costs more than the copy of some pages. */
const pieceBytes = 1024 * 1024

/**
 * Writes a new file that nobody changes any more. A piece is written while the next one comes in; a stream of Node's would stop to read until everything that it holds
 * is written. Bytes are copied into two buffers that take turns, so that those of the connection die young: what lives until it is written has to be found
 * by whole rounds of the garbage collector.
 */
export async function writeNewFile(path: string, content: AsyncIterable<Buffer>, sync: boolean): Promise<void> {
  const file = await open(path, 'wx', 0o440)
  let buffer = Buffer.allocUnsafeSlow(firstBytes)
  let other: Buffer<ArrayBuffer> | undefined
  let filled = 0
  let writing = Promise.resolve()
  const write = async (): Promise<void> => {
    await writing
    writing = file.writeFile(buffer.subarray(0, filled))
    // Its failure is that of the next piece, or of the end.
    writing.catch(() => {})
    filled = 0
    const written = buffer
    buffer = other ?? Buffer.allocUnsafeSlow(pieceBytes)
    other = written.length === pieceBytes ? written : undefined
  }
  try {
    for await (const bytes of content)
      for (let at = 0; at < bytes.length; ) {
        const taken = bytes.copy(buffer, filled, at)
        filled += taken
        at += taken
        if (filled === buffer.length) await write()
      }
    if (filled > 0) await write()
    await writing
    if (sync) await file.sync()
  } finally {
    await writing.catch(() => {})
    await file.close()
  }
}
