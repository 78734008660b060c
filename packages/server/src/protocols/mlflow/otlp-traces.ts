import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SpanBatch, Traces } from '../../capabilities/traces/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { mlflowErrors } from './errors.ts'
import { readOtlpJson } from './otlp-json.ts'
import { readOtlpProtobuf } from './otlp-protobuf.ts'

const largestBody = 32 * 1024 * 1024
const largestUnpacked = 64 * 1024 * 1024
const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) }

/** Spans as OpenTelemetry sends them (OTLP over HTTP), from MLflow's clients and from any exporter that names an experiment. */
export function otlpTraces(app: Http, traces: Traces): void {
  void app.register(async (plain: Http) => {
    plain.removeAllContentTypeParsers()
    plain.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: largestBody },
      (_request: FastifyRequest, body: Buffer, done: (error: null, value: Buffer) => void) => done(null, body),
    )
    plain.route({
      method: 'POST',
      url: '/v1/traces',
      config: { access: 'run:write', homeProject: true, load: 'log', stores: true },
      bodyLimit: largestBody,
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const type = mediaType(request)
        const experiment = header(request, 'x-mlflow-experiment-id')
        if (!experiment) throw mlflowErrors.NO_EXPERIMENT()
        const run = header(request, 'x-mlflow-run-id')
        const batches = read(type, await unpacked(request))
        if (batches.length === 0) throw mlflowErrors.INVALID('Invalid OpenTelemetry format - no spans found')
        if (batches.some(({ spans }) => spans.length > 0))
          await traces.logSpans(request.scope as Scope, { experiment, ...(run ? { run } : {}), batches })
        // An empty ExportTraceServiceResponse: all of it was taken.
        return type === 'application/json'
          ? reply.type('application/json').send('{}')
          : reply.type('application/x-protobuf').send(Buffer.alloc(0))
      },
    } as never)
  })
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function mediaType(request: FastifyRequest): 'application/json' | 'application/x-protobuf' {
  const type = String(request.headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
  if (type === 'application/json' || type === 'application/x-protobuf') return type
  throw mlflowErrors.INVALID(
    `Invalid Content-Type: ${String(request.headers['content-type'])}. Expected: application/x-protobuf or application/json`,
  )
}

async function unpacked(request: FastifyRequest): Promise<Buffer> {
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
  const encoding = String(request.headers['content-encoding'] ?? 'identity').toLowerCase()
  if (encoding === 'identity') return body
  const unpack = encoding === 'gzip' || encoding === 'deflate' ? unpackers[encoding] : undefined
  if (!unpack)
    throw mlflowErrors.INVALID(`Unsupported Content-Encoding: ${encoding}. Send spans plain, with gzip or deflate.`)
  try {
    return await unpack(body, { maxOutputLength: largestUnpacked })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw mlflowErrors.TOO_LARGE(largestUnpacked)
    throw mlflowErrors.INVALID(`The body could not be unpacked: it is not ${encoding}.`)
  }
}

function read(type: 'application/json' | 'application/x-protobuf', body: Buffer): SpanBatch[] {
  try {
    return type === 'application/json' ? readOtlpJson(body.toString()) : readOtlpProtobuf(body)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw mlflowErrors.INVALID('Invalid OpenTelemetry format')
  }
}
