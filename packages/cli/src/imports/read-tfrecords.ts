import { open } from 'node:fs/promises'
import { crc32c } from './crc32c.ts'

const largestRecord = 64 * 1024 * 1024

/** What stopped the reading before the end of the file. */
export interface Stopped {
  readonly at: number
  readonly why: string
}

/**
 * The records of a TFRecord file: length, masked CRC-32C of the length, bytes, masked CRC-32C of the bytes. A writer that still writes leaves a record that is not
 * whole at the end; that and whatever is damaged ends the reading, and `stopped` is told.
 */
export async function* readTfRecords(path: string, stopped: (why: Stopped) => void): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    for (let position = 0; ; ) {
      const head = Buffer.alloc(12)
      const { bytesRead } = await file.read(head, 0, 12, position)
      if (bytesRead === 0) return
      if (bytesRead < 12) return stopped({ at: position, why: 'the last record is not whole' })
      if (masked(crc32c(head.subarray(0, 8))) !== head.readUInt32LE(8))
        return stopped({ at: position, why: 'the checksum of a length is wrong' })
      const length = Number(head.readBigUInt64LE(0))
      if (length > largestRecord)
        return stopped({ at: position, why: `a record has ${length} bytes, more than ${largestRecord}` })
      const body = Buffer.alloc(length + 4)
      const read = await file.read(body, 0, length + 4, position + 12)
      if (read.bytesRead < length + 4) return stopped({ at: position, why: 'the last record is not whole' })
      const bytes = body.subarray(0, length)
      if (masked(crc32c(bytes)) !== body.readUInt32LE(length))
        return stopped({ at: position, why: 'the checksum of a record is wrong' })
      yield bytes
      position += 16 + length
    }
  } finally {
    await file.close()
  }
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
