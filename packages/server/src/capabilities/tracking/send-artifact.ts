import { basename, extname } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { defineErrors } from '../../kernel/errors/index.ts'
import type { BlobStore } from '../../kernel/ports/index.ts'

const rangeErrors = defineErrors('ARTIFACT', {
  BAD_RANGE: { status: 416, message: (size: number) => `The range is outside of the file, which has ${size} bytes.` },
})

const text = 'text/plain; charset=utf-8'
const types: Record<string, string> = {
  '.txt': text,
  '.log': text,
  '.md': text,
  '.py': text,
  '.yaml': text,
  '.yml': text,
  '.toml': text,
  '.cfg': text,
  '.ini': text,
  '.sh': text,
  '.csv': 'text/csv; charset=utf-8',
  '.tsv': 'text/tab-separated-values; charset=utf-8',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
}

/** The type of a file by its name; whatever a browser would run (HTML, SVG, scripts) is sent as text or bytes. */
export function contentTypeOf(path: string): string {
  const name = basename(path)
  if (name === 'MLmodel' || name === 'MLproject') return text
  const extension = extname(name).toLowerCase()
  if (
    extension === '.html' ||
    extension === '.htm' ||
    extension === '.svg' ||
    extension === '.xml' ||
    extension === '.js'
  )
    return text
  return types[extension] ?? 'application/octet-stream'
}

/** Sends stored content as a download that no browser executes: attachment, nosniff, an empty sandbox. Honours one Range and If-None-Match. */
export async function sendArtifact(
  blobs: BlobStore,
  request: FastifyRequest,
  reply: FastifyReply,
  file: { project: string; path: string; digest: string; size: number },
): Promise<FastifyReply> {
  const name = basename(file.path)
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\]/g, '_')
  void reply
    .header('content-type', contentTypeOf(file.path))
    .header(
      'content-disposition',
      `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`,
    )
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "sandbox; default-src 'none'")
    .header('cache-control', 'private, no-cache')
    .header('accept-ranges', 'bytes')
    .header('etag', `"${file.digest}"`)
  if (request.headers['if-none-match'] === `"${file.digest}"`) return reply.status(304).send()
  const range = parseRange(request.headers.range, file.size)
  if (range === 'outside') {
    void reply.header('content-range', `bytes */${file.size}`)
    throw rangeErrors.BAD_RANGE(file.size)
  }
  if (range)
    void reply
      .status(206)
      .header('content-range', `bytes ${range.start}-${range.end}/${file.size}`)
      .header('content-length', range.end - range.start + 1)
  else void reply.header('content-length', file.size)
  const { stream } = await blobs.open(file.project, file.digest, range)
  return reply.send(stream)
}

/** One byte range; anything else than one is ignored, as HTTP allows. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | undefined | 'outside' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]))
  return start > end || start >= size ? 'outside' : { start, end }
}
