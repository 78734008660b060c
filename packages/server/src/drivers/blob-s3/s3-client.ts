import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { blobErrors } from '../../kernel/blobs/index.ts'
import { createS3Transport, type S3Options } from './s3-request.ts'
import { signUrl } from './sign-request.ts'
import { elementsOf, textOf } from './xml.ts'

export interface S3Object {
  readonly key: string
  readonly size: number
  readonly at: number
}

/** A file of this machine that goes up; its SHA-256 is known. */
export interface UploadFile {
  readonly path: string
  readonly size: number
  readonly sha256: string
}

/** The few operations of the S3 API that an object store of content needs. Keys need no encoding: they are made of what URLs take. */
export interface S3Client {
  head(key: string): Promise<{ size: number; at: number; etag: string } | undefined>
  /** The object as a stream; a connection that breaks off is taken up again where it ended. */
  get(key: string): Promise<{ stream: Readable; size: number } | undefined>
  /** Some of its bytes, `end` included; fewer where the object ends before. */
  getRange(key: string, range: { start: number; end: number }): Promise<Readable | undefined>
  getText(key: string): Promise<string | undefined>
  /** Stores bytes. With `onlyNew` nothing that is there is replaced; false says that something was. */
  put(key: string, body: Buffer, options?: { onlyNew?: boolean }): Promise<boolean>
  /** Stores a file, a large one in parts; parts that an earlier try brought up are not sent again. */
  putFile(key: string, file: UploadFile, options?: { onlyNew?: boolean }): Promise<boolean>
  copy(from: { key: string; size: number }, to: string): Promise<boolean>
  remove(key: string): Promise<void>
  list(prefix: string): AsyncIterable<S3Object>
  /** Ends uploads in parts that began before then; returns how many. */
  abortUploads(prefix: string, before: number): Promise<number>
  /** Begins an upload in parts; returns the store's name for it. */
  begin(key: string): Promise<string>
  /** Its tag; undefined when the upload is not there any more. */
  putPart(key: string, uploadId: string, number: number, file: UploadFile): Promise<string | undefined>
  parts(key: string, uploadId: string): Promise<Map<number, { size: number; etag: string }>>
  /** False: something is there already, or another upload of the same key has ended this one. */
  complete(key: string, uploadId: string, etags: readonly string[], onlyNew: boolean): Promise<boolean>
  abort(key: string, uploadId: string): Promise<void>
  link(
    key: string,
    want: {
      method: 'GET' | 'PUT'
      headers: Readonly<Record<string, string>>
      query?: Readonly<Record<string, string>>
      seconds: number
    },
  ): string
  close(): void
}

export interface S3ClientOptions extends S3Options {
  /** Files and copies above go in parts of this size. */
  readonly partSize: number
  /** What one call copies at most; Amazon's limit is 5 GiB. */
  readonly copyLimit: number
}

const parallel = 4

export function createS3Client(options: S3ClientOptions): S3Client {
  const transport = createS3Transport(options)
  const conditional = (onlyNew = false): Record<string, string> => (onlyNew ? { 'if-none-match': '*' } : {})

  const head: S3Client['head'] = async (key) => {
    const { status, headers } = await transport.send({ method: 'HEAD', key, accept: [404] })
    if (status === 404) return undefined
    return {
      size: Number(headers['content-length']),
      at: Date.parse(String(headers['last-modified'])),
      etag: String(headers.etag),
    }
  }

  /** Parts that are there already, by number. */
  const partsOf = async (key: string, uploadId: string): Promise<Map<number, { size: number; etag: string }>> => {
    const parts = new Map<number, { size: number; etag: string }>()
    for (let marker: string | undefined = '0'; marker !== undefined; ) {
      const answer = await transport.send({
        method: 'GET',
        key,
        query: { uploadId, 'part-number-marker': marker },
        accept: [404],
      })
      if (answer.status === 404) return parts
      const xml = answer.body.toString()
      for (const part of elementsOf(xml, 'Part'))
        parts.set(Number(textOf(part, 'PartNumber')), {
          size: Number(textOf(part, 'Size')),
          etag: textOf(part, 'ETag') ?? '',
        })
      marker = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextPartNumberMarker') : undefined
    }
    return parts
  }

  async function* uploads(prefix: string): AsyncIterable<{ key: string; uploadId: string; at: number }> {
    let more: Record<string, string> | undefined = {}
    while (more) {
      const answer = await transport.send({ method: 'GET', query: { uploads: '', prefix, ...more } })
      const xml = answer.body.toString()
      for (const upload of elementsOf(xml, 'Upload')) {
        const key = textOf(upload, 'Key') ?? ''
        if (key.startsWith(prefix))
          yield { key, uploadId: textOf(upload, 'UploadId') ?? '', at: Date.parse(textOf(upload, 'Initiated') ?? '') }
      }
      more =
        textOf(xml, 'IsTruncated') === 'true'
          ? {
              'key-marker': textOf(xml, 'NextKeyMarker') ?? '',
              'upload-id-marker': textOf(xml, 'NextUploadIdMarker') ?? '',
            }
          : undefined
    }
  }

  const begin = async (key: string): Promise<string> => {
    const { body } = await transport.send({ method: 'POST', key, query: { uploads: '' } })
    const uploadId = textOf(body.toString(), 'UploadId')
    if (!uploadId) throw blobErrors.UNAVAILABLE(options.name, 'it began an upload without a name')
    return uploadId
  }

  const complete = async (
    key: string,
    uploadId: string,
    etags: readonly string[],
    onlyNew: boolean,
  ): Promise<boolean> => {
    const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
    const { status } = await transport.send({
      method: 'POST',
      key,
      query: { uploadId },
      headers: conditional(onlyNew),
      body: Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`),
      accept: [404, 412],
    })
    if (status === 412) await transport.send({ method: 'DELETE', key, query: { uploadId }, accept: [404] })
    if (status === 404 && (await head(key)) === undefined)
      throw blobErrors.UNAVAILABLE(options.name, 'the upload was ended by somebody else')
    return status < 300
  }

  /** Runs through part numbers, a few at a time. */
  const inParts = async (size: number, work: (number: number, start: number, end: number) => Promise<string>) => {
    const partSize = Math.max(options.partSize, Math.ceil(size / 10_000))
    const etags: string[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      for (;;) {
        const index = next
        next += 1
        const start = index * partSize
        if (start >= size) return
        etags[index] = await work(index + 1, start, Math.min(size, start + partSize))
      }
    }
    await Promise.all(Array.from({ length: parallel }, worker))
    return etags
  }

  const putParts = async (key: string, file: UploadFile, onlyNew: boolean): Promise<boolean> => {
    let uploadId: string | undefined
    for await (const upload of uploads(key)) if (upload.key === key) uploadId = upload.uploadId
    const present =
      uploadId === undefined ? new Map<number, { size: number; etag: string }>() : await partsOf(key, uploadId)
    const id = uploadId ?? (await begin(key))
    const handle = await open(file.path, 'r')
    try {
      const etags = await inParts(file.size, async (partNumber, start, end) => {
        const { sha256, md5 } = await hashPart(handle, start, end)
        const there = present.get(partNumber)
        if (there?.size === end - start && there.etag.replaceAll('"', '') === md5) return there.etag
        const answer = await transport.send({
          method: 'PUT',
          key,
          query: { partNumber: String(partNumber), uploadId: id },
          body: { path: file.path, start, end, sha256 },
          accept: [404],
        })
        // Whoever stored the same content meanwhile ended the upload that we shared.
        if (answer.status === 404) return ''
        return String(answer.headers.etag)
      })
      return await complete(key, id, etags, onlyNew)
    } finally {
      await handle.close()
    }
  }

  /** What began to come, until its end; a connection that breaks off is taken up again. */
  const steady = (
    key: string,
    first: { headers: IncomingHttpHeaders; body: Readable },
    { start, end }: { start: number; end: number },
  ): Readable => {
    const out = new PassThrough({ highWaterMark: 256 * 1024 })
    void (async () => {
      let at = start
      let source: Readable = first.body
      let broken = 0
      while (!out.destroyed) {
        const before = at
        try {
          for await (const chunk of source) {
            at += (chunk as Buffer).length
            if (!out.write(chunk)) await drained(out)
            if (out.destroyed) break
          }
        } catch {}
        if (out.destroyed) return void source.destroy()
        if (at > end) return void out.end()
        broken = at > before ? 1 : broken + 1
        if (broken >= options.tries)
          throw blobErrors.UNAVAILABLE(
            options.name,
            `content broke off after ${at - start} of ${end + 1 - start} bytes`,
          )
        const rest = await transport.stream({
          method: 'GET',
          key,
          headers: { range: `bytes=${at}-${end}`, 'if-match': String(first.headers.etag) },
        })
        source = rest.body
      }
      source.destroy()
    })().catch((error: Error) => out.destroy(error))
    return out
  }

  return {
    head,
    get: async (key) => {
      const first = await transport.stream({ method: 'GET', key, accept: [404] })
      if (first.status === 404) {
        first.body.resume()
        return undefined
      }
      const size = Number(first.headers['content-length'])
      return { stream: steady(key, first, { start: 0, end: size - 1 }), size }
    },
    getRange: async (key, { start, end }) => {
      const range = `bytes=${start}-${end}`
      const first = await transport.stream({ method: 'GET', key, headers: { range }, accept: [404, 416] })
      if (first.status === 404 || first.status === 416) {
        first.body.resume()
        return first.status === 404 ? undefined : Readable.from([])
      }
      const [, from, to] = /^bytes (\d+)-(\d+)\//.exec(first.headers['content-range'] ?? '') ?? []
      if (Number(from) !== start) {
        first.body.destroy()
        throw blobErrors.UNAVAILABLE(options.name, 'it does not answer a range with that range')
      }
      return steady(key, first, { start, end: Number(to) })
    },
    getText: async (key) => {
      const { status, body } = await transport.send({ method: 'GET', key, accept: [404] })
      return status === 404 ? undefined : body.toString()
    },
    put: async (key, body, { onlyNew = false } = {}) => {
      const { status } = await transport.send({
        method: 'PUT',
        key,
        headers: conditional(onlyNew),
        body,
        accept: [412],
      })
      return status < 300
    },
    putFile: async (key, file, { onlyNew = false } = {}) => {
      if (file.size > options.partSize) return putParts(key, file, onlyNew)
      const body = { path: file.path, start: 0, end: file.size, sha256: file.sha256 }
      const { status } = await transport.send({
        method: 'PUT',
        key,
        headers: conditional(onlyNew),
        body,
        accept: [412],
      })
      return status < 300
    },
    copy: async (from, to) => {
      const source = { 'x-amz-copy-source': `/${options.bucket}/${from.key}` }
      if (from.size <= options.copyLimit) {
        const { status } = await transport.send({ method: 'PUT', key: to, headers: source, accept: [404] })
        return status < 300
      }
      const uploadId = await begin(to)
      const etags = await inParts(from.size, async (partNumber, start, end) => {
        const { body } = await transport.send({
          method: 'PUT',
          key: to,
          query: { partNumber: String(partNumber), uploadId },
          headers: { ...source, 'x-amz-copy-source-range': `bytes=${start}-${end - 1}` },
          accept: [404],
        })
        return textOf(body.toString(), 'ETag') ?? ''
      })
      if (etags.includes('')) {
        await transport.send({ method: 'DELETE', key: to, query: { uploadId }, accept: [404] })
        return false
      }
      return complete(to, uploadId, etags, false)
    },
    remove: async (key) => void (await transport.send({ method: 'DELETE', key, accept: [404] })),
    async *list(prefix) {
      for (let token: string | undefined = ''; token !== undefined; ) {
        const { body } = await transport.send({
          method: 'GET',
          query: { 'list-type': '2', prefix, 'max-keys': '1000', ...(token ? { 'continuation-token': token } : {}) },
        })
        const xml = body.toString()
        for (const item of elementsOf(xml, 'Contents'))
          yield {
            key: textOf(item, 'Key') ?? '',
            size: Number(textOf(item, 'Size')),
            at: Date.parse(textOf(item, 'LastModified') ?? ''),
          }
        token = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : undefined
      }
    },
    abortUploads: async (prefix, before) => {
      let ended = 0
      for await (const { key, uploadId, at } of uploads(prefix)) {
        if (at >= before) continue
        await transport.send({ method: 'DELETE', key, query: { uploadId }, accept: [404] })
        ended += 1
      }
      return ended
    },
    begin,
    putPart: async (key, uploadId, number, { path, size, sha256 }) => {
      const answer = await transport.send({
        method: 'PUT',
        key,
        query: { partNumber: String(number), uploadId },
        body: { path, start: 0, end: size, sha256 },
        accept: [404],
      })
      return answer.status === 404 ? undefined : String(answer.headers.etag)
    },
    parts: partsOf,
    complete,
    abort: async (key, uploadId) =>
      void (await transport.send({ method: 'DELETE', key, query: { uploadId }, accept: [404] })),
    link: (key, { method, headers, query = {}, seconds }) =>
      signUrl(
        options.credentials,
        { method, ...transport.place(key), query, headers },
        { scheme: options.endpoint.protocol, seconds, at: new Date() },
      ),
    close: () => transport.close(),
  }
}

async function hashPart(handle: FileHandle, start: number, end: number): Promise<{ sha256: string; md5: string }> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')]
  const piece = Buffer.alloc(Math.min(end - start, 1 << 20))
  for (let at = start; at < end; ) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, end - at), at)
    if (bytesRead === 0) throw new Error('The file became shorter while it was sent.')
    const read = piece.subarray(0, bytesRead)
    sha256.update(read)
    md5.update(read)
    at += bytesRead
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex') }
}

/** Until the reader wants more or went away. */
function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
