import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { predictErrors } from './gateway-errors.ts'

export const mostBytes = 16 * 1024 * 1024

const unpackers: Record<string, (packed: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** Reads a whole body, unpacked, up to the limit. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const packed = await collect(request)
  const encoding = request.headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return packed
  const unpack = unpackers[encoding]
  if (!unpack) throw predictErrors.MEDIA_TYPE(`with encoding ${encoding}`, 'it plain, or with gzip, deflate or br')
  try {
    return await unpack(packed, { maxOutputLength: mostBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw predictErrors.TOO_LARGE(mostBytes)
    throw predictErrors.INVALID(`The body cannot be unpacked as ${encoding}: ${(error as Error).message}.`)
  }
}

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= mostBytes) chunks.push(chunk)
      else reject(predictErrors.TOO_LARGE(mostBytes))
    })
    request.on('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, Math.min(size, mostBytes))),
    )
    request.on('error', reject)
  })
}
