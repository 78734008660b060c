import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable, Transform, pipeline } from 'node:stream'
import type { Egress, EgressFlow, EgressRequest } from '../../kernel/egress/index.ts'
import { type ContentPlace, PlaceFailure } from '../../kernel/ports/index.ts'

type Method = EgressRequest['method']

/**
 * Content in a binary repository or any other server that takes PUT: `ADDRESS/PROJECT/ab/abcdef…`, and `ADDRESS/PROJECT/owner.json` says whose it is. Where
 * the server wants folders to be made first, as WebDAV does, they are.
 */
export function createPlaceHttp(
  {
    project,
    address,
    username,
    secret,
  }: { project: string; address: string; username: string | null; secret: string | null },
  egress: Egress,
): ContentPlace {
  const base = `${address.replace(/\/+$/, '')}/${project}`
  const { host } = new URL(base)
  const authorization =
    secret === null
      ? undefined
      : username === null
        ? `Bearer ${secret}`
        : `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
  const headers = (more: Record<string, string> = {}): Record<string, string> => ({
    ...(authorization === undefined ? {} : { authorization }),
    ...more,
  })
  const call = async (method: Method, url: string, body?: string) =>
    egress.call({
      connection: 'content-places',
      url,
      method,
      headers: headers(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { body }),
      redirects: 3,
      anyAnswer: true,
      timeoutMs: 30_000,
    })
  const refused = (what: string, status: number): PlaceFailure =>
    new PlaceFailure(
      status === 401 || status === 403
        ? `${host} answered ${status} to ${what}: the credentials are wrong, or may not do this.`
        : `${host} answered ${status} to ${what}.`,
      { again: status >= 500 || status === 429 },
    )

  /** Makes the folders above a file, the outer ones first. */
  const makeFolders = async (path: string): Promise<void> => {
    const parts = [project, ...path.split('/').slice(0, -1)]
    for (let depth = 1; depth <= parts.length; depth += 1)
      await call('MKCOL', `${address.replace(/\/+$/, '')}/${parts.slice(0, depth).join('/')}/`)
  }
  const write = async (path: string, send: (url: string) => Promise<number>): Promise<void> => {
    let status = await send(`${base}/${path}`)
    if (status === 404 || status === 409) {
      await makeFolders(path)
      status = await send(`${base}/${path}`)
    }
    if (status < 200 || status > 299) throw refused('a PUT', status)
  }

  return {
    owner: async () => {
      const { status, body } = await call('GET', `${base}/owner.json`)
      if (status === 404 || status === 410) return undefined
      if (status !== 200) throw refused('a GET', status)
      try {
        return String((JSON.parse(body.toString()) as { instance?: unknown }).instance)
      } catch {
        throw new PlaceFailure(`${base}/owner.json cannot be read; it is not from Trivium.`)
      }
    },
    claim: (instance) =>
      write('owner.json', async (url) => (await call('PUT', url, `${JSON.stringify({ instance })}\n`)).status),
    put: async ({ digest, size, path }, { fresh }) => {
      const key = `${digest.slice(0, 2)}/${digest}${fresh ? `.${randomBytes(6).toString('hex')}` : ''}`
      // It is there after the database was restored from a backup; some repositories take no file twice.
      const there = fresh ? undefined : await call('HEAD', `${base}/${key}`)
      if (there?.status === 200 && there.headers['content-length'] === String(size)) return key
      await write(key, async (url) => {
        const answer = await egress.transfer({
          connection: 'content-places',
          url,
          method: 'PUT',
          headers: headers({ 'content-type': 'application/octet-stream' }),
          body: { stream: createReadStream(path, { highWaterMark: 1 << 18 }), size },
          anyAnswer: true,
        })
        answer.stream.resume()
        return answer.status
      })
      const { status, headers: found } = await call('HEAD', `${base}/${key}`)
      if (status !== 200) throw refused('a HEAD for what was just stored', status)
      if (found['content-length'] !== undefined && Number(found['content-length']) !== size)
        throw new PlaceFailure(`${host} kept ${found['content-length']} of ${size} bytes.`, { again: true })
      return key
    },
    get: async ({ key, size }, range) => {
      // An answer for no bytes would be the whole content with some servers.
      if (size === 0) return (await call('HEAD', `${base}/${key}`)).status === 200 ? Readable.from([]) : undefined
      const answer = await egress.transfer({
        connection: 'content-places',
        url: `${base}/${key}`,
        method: 'GET',
        // Bytes as they lie there: a proxy that packs them would change every range.
        headers: headers({
          'accept-encoding': 'identity',
          ...(range ? { range: `bytes=${range.start}-${range.end}` } : {}),
        }),
        redirects: 3,
        anyAnswer: true,
      })
      return streamOf(answer, range, (status) => refused('a GET', status))
    },
    delete: async ({ key }) => {
      const { status } = await call('DELETE', `${base}/${key}`)
      if (status !== 404 && status !== 410 && (status < 200 || status > 299)) throw refused('a DELETE', status)
    },
    close: async () => {},
  }
}

/** The bytes of an answer; a server that does not know ranges gives all, of which the wanted part is taken. */
function streamOf(
  { status, stream }: EgressFlow,
  range: { start: number; end: number } | undefined,
  refused: (status: number) => PlaceFailure,
): Readable | undefined {
  if (status === 206 || (status === 200 && !range)) return stream
  if (status === 200 && range) return partOf(stream, range)
  stream.destroy()
  if (status === 404 || status === 410) return undefined
  // Less lies there than was stored: who reads finds that it ends too soon.
  if (status === 416) return Readable.from([])
  throw refused(status)
}

function partOf(stream: Readable, { start, end }: { start: number; end: number }): Readable {
  let at = 0
  const part = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at))
      at += chunk.length
      done(null, piece.length === 0 ? undefined : piece)
    },
  })
  pipeline(stream, part, () => {})
  return part
}
