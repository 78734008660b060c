import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Stopped } from './read-tfrecords.ts'

const blockSize = 32_768
const headSize = 7
const magic = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00])
const largestRecord = 64 * 1024 * 1024
/** A record of full blocks has a third of them; more are chunks of nothing. */
const mostParts = 8192
const [whole, first, middle, last] = [1, 2, 3, 4]

/**
 * The records of a transaction log of Weights & Biases: blocks of 32 KiB of chunks, each with the CRC-32 of its kind and bytes, its length and its kind; a record
 * is one chunk or several. A writer that was killed leaves one that is not whole; that and whatever is damaged ends the reading, and `stopped` is told.
 */
export async function* readWandbLog(path: string, stopped: (why: Stopped) => void): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const block = Buffer.alloc(blockSize)
    let parts: Buffer[] | undefined
    let size = 0
    for (let start = 0; ; start += blockSize) {
      const filled = await fill(file, block, start)
      if (start === 0 && !block.subarray(0, Math.min(filled, magic.length)).equals(magic))
        return stopped({ at: 0, why: 'it does not begin as a log of Weights & Biases does' })
      for (let at = start === 0 ? magic.length : 0; at + headSize <= filled; ) {
        const [sum, length, kind] = [block.readUInt32LE(at), block.readUInt16LE(at + 4), block[at + 6]]
        // What was set aside for a block and never written.
        if (kind === 0 && length === 0) break
        const end = at + headSize + length
        if (end > filled)
          return stopped({
            at: start + at,
            why: end > blockSize ? 'a length is wrong' : 'the last record is not whole',
          })
        if (crc32(block.subarray(at + 6, end)) !== sum)
          return stopped({ at: start + at, why: 'the checksum of a record is wrong' })
        const bytes = Buffer.from(block.subarray(at + headSize, end))
        if (kind === whole || kind === first) {
          parts = []
          size = 0
        } else if ((kind !== middle && kind !== last) || parts === undefined)
          return stopped({ at: start + at, why: 'the parts of a record do not follow each other' })
        parts.push(bytes)
        size += length
        if (size > largestRecord || parts.length > mostParts)
          return stopped({
            at: start + at,
            why: `a record is larger than ${largestRecord} bytes, or in more than ${mostParts} parts`,
          })
        if (kind === whole || kind === last) {
          yield Buffer.concat(parts)
          parts = undefined
        }
        at = end
      }
      if (filled < blockSize) {
        if (parts) stopped({ at: start + filled, why: 'the last record is not whole' })
        return
      }
    }
  } finally {
    await file.close()
  }
}

async function fill(file: Awaited<ReturnType<typeof open>>, block: Buffer, start: number): Promise<number> {
  let filled = 0
  while (filled < block.length) {
    const { bytesRead } = await file.read(block, filled, block.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
