import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Uploads } from '../../capabilities/storage/index.ts'
import { parseProxyPath, type Tracking } from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'

/** These first words make the client fall back to a plain PUT. */
const unsupported = 'Multipart upload is not supported for the current artifact repository.'

/**
 * Uploads of artifacts in parts. The parts go to the object store itself where the server hands out links, else to `mpu/part` of this server; the artifact
 * is there when `complete` has read and hashed the whole.
 */
export function multipartCalls(app: Http, prefix: string, tracking: Tracking, uploads: Uploads): void {
  const write = { access: 'run:write' as const, homeProject: true }

  app.post(`${prefix}/mpu/create/*`, { config: write }, async (request: FastifyRequest, reply: FastifyReply) => {
    const scope = request.scope as Scope
    const { args, at, target } = callOf(request)
    const parts = args.integer('num_parts') ?? 1
    await tracking.listArtifacts(scope, at.owner, '', { experiment: at.experiment })
    const through = throughServer(request)
    const upload = await uploads.createFor(scope, target, parts)
    if (!upload.direct && !through) {
      await uploads.abort(scope, upload.id, target)
      throw mlflowErrors.NOT_IMPLEMENTED(unsupported)
    }
    const numbers = Array.from({ length: parts }, (_, i) => i + 1)
    const credentials = await Promise.all(
      numbers.map(async (number) => {
        const { url, headers } =
          upload.direct || !through
            ? await uploads.link(scope, upload.id, { number })
            : { url: `${through.origin}${prefix}/mpu/part/${upload.id}/${number}`, headers: through.headers }
        return { url, part_number: number, headers }
      }),
    )
    void reply.header('cache-control', 'no-store')
    return { upload_id: upload.id, credentials }
  })

  app.post(`${prefix}/mpu/complete/*`, { config: write }, async (request: FastifyRequest) => {
    const scope = request.scope as Scope
    const { args, at, target } = callOf(request)
    await tracking.listArtifacts(scope, at.owner, '', { experiment: at.experiment })
    const done = await uploads.complete(scope, args.required('upload_id'), { target, etags: etagsOf(request.body) })
    await tracking.putArtifact(scope, at.owner, at.path, { digest: done.digest, size: done.size })
    return {}
  })

  app.post(`${prefix}/mpu/abort/*`, { config: write }, async (request: FastifyRequest) => {
    const { args, target } = callOf(request)
    await uploads.abort(request.scope as Scope, args.required('upload_id'), target)
    return {}
  })
}

/** Takes a part that is sent through the server; `body` is its stream. */
export async function putPart(
  uploads: Uploads,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Readable,
): Promise<unknown> {
  const { upload = '', part = '' } = request.params as { upload?: string; part?: string }
  const number = Number(part)
  const size = Number(request.headers['content-length'] ?? Number.NaN)
  if (!Number.isInteger(number) || number < 1) throw mlflowErrors.INVALID(`"${part}" is no number of a part.`)
  const stored = await uploads.put(
    request.scope as Scope,
    upload,
    { number, ...(Number.isSafeInteger(size) ? { size } : {}) },
    body,
  )
  void reply.header('etag', `"${stored.etag}"`)
  return {}
}

/**
 * How the same caller reaches this server by an address of its own: with the credentials that it has just sent, so that nothing new opens anything.
 * Undefined for browsers, whose session cookie nobody else can send.
 */
export function throughServer(
  request: FastifyRequest,
): { origin: string; headers: Record<string, string> } | undefined {
  const { authorization, 'x-mlflow-workspace': workspace } = request.headers
  if (authorization === undefined) return undefined
  return {
    origin: `${request.protocol}://${request.host}`,
    headers: {
      Authorization: authorization,
      ...(typeof workspace === 'string' ? { 'X-MLFLOW-WORKSPACE': workspace } : {}),
    },
  }
}

/** The directory stands in the address, the name of the file in the body, often behind a path of the client's machine. */
function callOf(request: FastifyRequest): { args: Args; at: ReturnType<typeof parseProxyPath>; target: string } {
  const args = new Args((request.body ?? {}) as Loose)
  const name = args.required('path').split('/').at(-1) ?? ''
  if (name === '') throw mlflowErrors.INVALID('The path names no file.')
  const target = `${(request.params as { '*': string })['*'].replaceAll(/^\/+|\/+$/g, '')}/${name}`
  return { args, at: parseProxyPath(target), target: `mlflow:${target}` }
}

function etagsOf(body: unknown): ReadonlyMap<number, string> {
  const { parts } = (body ?? {}) as { parts?: unknown }
  if (!Array.isArray(parts)) throw mlflowErrors.MISSING('parts')
  return new Map(
    parts.map((part: unknown) => {
      const { part_number: number, etag } = (part ?? {}) as { part_number?: unknown; etag?: unknown }
      return [Number(number), typeof etag === 'string' ? etag.replaceAll('"', '') : ''] as const
    }),
  )
}
