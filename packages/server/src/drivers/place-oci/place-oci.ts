import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Egress } from '../../kernel/egress/index.ts'
import { type ContentPlace, PlaceFailure } from '../../kernel/ports/index.ts'
import { createRegistryClient, refusal, type RegistryRequest } from './registry-client.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const contentType = 'application/vnd.trivium.content.v1'
const ownerTag = 'trivium-owner'
const ownerNote = 'org.trivium.instance'
/** The config of an artifact that has none, as the image specification gives it. */
const empty = { type: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') }
/** Larger content goes up in pieces, which proxies before a registry let through. */
const pieceSize = 64 * 1024 * 1024
const saltSize = 16
/** What registries say while somebody else stores the same content: the blob, or its upload, is not as they know it. It is there a moment later. */
const racing: ReadonlySet<string> = new Set([
  'DIGEST_INVALID',
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_UNKNOWN',
  'MANIFEST_BLOB_UNKNOWN',
])

/**
 * Content in a container registry (OCI Distribution), one repository a project: `ADDRESS/PROJECT`. Each content is a blob and a manifest that holds it, tagged with the
 * SHA-256 of the content, so that the registry's own collector keeps it and every OCI client can fetch it. The key is the digest of the blob and that of the manifest.
 */
export function createPlaceOci(
  {
    project,
    address,
    username,
    secret,
  }: { project: string; address: string; username: string | null; secret: string | null },
  egress: Egress,
): ContentPlace {
  const url = new URL(address)
  const { host, origin } = url
  const repository = [...url.pathname.split('/').filter((part) => part !== ''), project].join('/')
  const client = createRegistryClient({ origin, repository, username, secret }, egress)

  const wanted = async (request: RegistryRequest, what: string, ...statuses: number[]) => {
    const answer = await client.ask(request)
    if (statuses.includes(answer.status)) return answer
    const { status, text } = answer
    // Its words are not shown: they may hold what was sent.
    const why = /"code":\s*"([A-Z_]{1,40})"/.exec(text)?.[1]
    throw why === undefined || status === 401 || status === 403
      ? refusal(host, status, what)
      : new PlaceFailure(`${host} answered ${status} to ${what}: ${why}.`, { again: status >= 500 || racing.has(why) })
  }
  const hasBlob = async (digest: string, size: number): Promise<boolean> => {
    const { status, headers } = await wanted({ method: 'HEAD', at: `blobs/${digest}` }, 'a look for a blob', 200, 404)
    return status === 200 && (headers['content-length'] === undefined || Number(headers['content-length']) === size)
  }
  /** `read` gives the bytes of an inclusive range. */
  const pushBlob = async (
    digest: string,
    size: number,
    read: (range: { start: number; end: number }) => Readable,
  ): Promise<void> => {
    const begun = await wanted({ method: 'POST', at: 'blobs/uploads/', body: () => '' }, 'the begin of an upload', 202)
    let at = nextPlace(begun.headers, `${origin}/v2/${repository}/`, host)
    let start = 0
    while (size - start > pieceSize) {
      const end = start + pieceSize - 1
      const range = { start, end }
      const request: RegistryRequest = {
        method: 'PATCH',
        at,
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${start}-${end}` },
        body: () => ({ stream: read(range), size: pieceSize }),
      }
      at = nextPlace((await wanted(request, 'a piece of an upload', 202)).headers, at, host)
      start = end + 1
    }
    const rest = { start, end: size - 1 }
    const finish = new URL(at)
    finish.searchParams.set('digest', digest)
    const body = (): Buffer | { stream: Readable; size: number } =>
      size === start ? Buffer.alloc(0) : { stream: read(rest), size: size - start }
    const ranged = start === 0 ? {} : { 'content-range': `${start}-${size - 1}` }
    await wanted(
      {
        method: 'PUT',
        at: finish.href,
        headers: { 'content-type': 'application/octet-stream', ...ranged },
        body,
      },
      'the end of an upload',
      201,
      204,
    )
  }
  const pushManifest = async (
    tag: string,
    {
      layers,
      annotations = {},
    }: { layers: { digest: string; size: number; title: string }[]; annotations?: Record<string, string> },
  ): Promise<string> => {
    const config = { mediaType: empty.type, digest: digestOf(empty.bytes), size: empty.bytes.length }
    if (!(await hasBlob(config.digest, config.size)))
      await pushBlob(config.digest, config.size, () => Readable.from([empty.bytes]))
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: contentType,
      config,
      layers: layers.map(({ digest, size, title }) => ({
        mediaType: 'application/octet-stream',
        digest,
        size,
        annotations: { 'org.opencontainers.image.title': title },
      })),
      annotations,
    })
    await wanted(
      {
        method: 'PUT',
        at: `manifests/${tag}`,
        headers: { 'content-type': manifestType },
        body: () => manifest,
      },
      'a manifest',
      201,
    )
    return digestOf(Buffer.from(manifest))
  }

  return {
    owner: async () => {
      const { status, text } = await wanted(
        { method: 'GET', at: `manifests/${ownerTag}`, headers: { accept: manifestType } },
        'a look for its owner',
        200,
        404,
      )
      if (status === 404) return undefined
      const found = JSON.parse(text) as { annotations?: Record<string, string> }
      return found.annotations?.[ownerNote] ?? 'that cannot be read'
    },
    claim: async (instance) => {
      const { digest, size } = { digest: digestOf(empty.bytes), size: empty.bytes.length }
      await pushManifest(ownerTag, {
        layers: [{ digest, size, title: 'owner.json' }],
        annotations: { [ownerNote]: instance },
      })
    },
    put: async ({ digest, size, path }, { fresh }) => {
      // A registry does not replace a blob that is damaged: other bytes behind the content give it another name.
      const salt = fresh ? randomBytes(saltSize) : Buffer.alloc(0)
      const blob = fresh ? await digestOfFile(path, salt) : `sha256:${digest}`
      const whole = size + salt.length
      if (fresh || !(await hasBlob(blob, whole)))
        await pushBlob(blob, whole, (range) =>
          Readable.from(bytesOf({ path, size }, salt, range), { objectMode: false }),
        )
      const tag = fresh ? `${digest}.${salt.toString('hex', 0, 6)}` : digest
      const manifest = await pushManifest(tag, { layers: [{ digest: blob, size: whole, title: digest }] })
      return `${blob} ${manifest}`
    },
    get: async ({ key, size }, range) => {
      const [blob = ''] = key.split(' ')
      // No range names no bytes.
      if (size === 0)
        return (await client.ask({ method: 'HEAD', at: `blobs/${blob}` })).status === 200
          ? Readable.from([])
          : undefined
      const bytes = range ?? { start: 0, end: size - 1 }
      const answer = await client.send({
        method: 'GET',
        at: `blobs/${blob}`,
        headers: { range: `bytes=${bytes.start}-${bytes.end}`, 'accept-encoding': 'identity' },
      })
      const { status, stream } = answer
      if (status === 206) return stream
      if (status === 200) return Readable.from(partOf(stream, bytes), { objectMode: false })
      stream.destroy()
      if (status === 404) return undefined
      // Less lies there than was stored: who reads finds that it ends too soon.
      if (status === 416) return Readable.from([])
      throw refusal(host, status, 'a read')
    },
    delete: async ({ key }) => {
      const [blob = '', manifest = ''] = key.split(' ')
      const { status } = await wanted(
        { method: 'DELETE', at: `manifests/${manifest}` },
        'the removal of a manifest',
        200,
        202,
        404,
        405,
      )
      if (status === 405)
        throw new PlaceFailure(`${host} does not let content be removed; allow deletion in its settings.`)
      // Registries that remove blobs by themselves refuse this, and need not be told.
      await wanted({ method: 'DELETE', at: `blobs/${blob}` }, 'the removal of a blob', 200, 202, 204, 400, 404, 405)
    },
    close: async () => {},
  }
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

async function digestOfFile(path: string, salt: Buffer): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) hash.update(chunk as Buffer)
  return `sha256:${hash.update(salt).digest('hex')}`
}

/** A range of a file with the salt behind it. */
async function* bytesOf(
  { path, size }: { path: string; size: number },
  salt: Buffer,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer> {
  if (start < size) yield* createReadStream(path, { start, end: Math.min(end, size - 1), highWaterMark: 1 << 18 })
  if (end >= size) yield salt.subarray(Math.max(0, start - size), end + 1 - size)
}

/** The wanted bytes of an answer with all of them. */
async function* partOf(stream: Readable, { start, end }: { start: number; end: number }): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (at + chunk.length > start) yield chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at))
    at += chunk.length
    if (at > end) return
  }
}

/** Where the registry says the upload goes on. */
function nextPlace(headers: Readonly<Record<string, string>>, before: string, host: string): string {
  const { location } = headers
  if (location === undefined) throw new PlaceFailure(`${host} did not say where an upload goes on.`)
  return new URL(location, before).href
}
