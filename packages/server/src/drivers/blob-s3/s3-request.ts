import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { blobErrors } from '../../kernel/blobs/index.ts'
import { type Credentials, queryText, signRequest } from './sign-request.ts'
import { textOf } from './xml.ts'

/** Bytes to send: in memory, or a range of a file of this machine (`end` excluded). Both can be sent again. */
export type Body =
  | Buffer
  | { readonly path: string; readonly start: number; readonly end: number; readonly sha256: string }

export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Key in the bucket; empty is the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body
  /** Answers that are none of success and still mean something to the caller: 404, 412. */
  readonly accept?: readonly number[]
}

export interface S3Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
}

export interface S3Options {
  /** https://… of the store; `pathStyle` puts the bucket into the path instead of in front of the host. */
  readonly endpoint: URL
  readonly bucket: string
  readonly pathStyle: boolean
  readonly credentials: Credentials
  /** How people know the store: s3://bucket/prefix. */
  readonly name: string
  /** A try without any byte for so long is given up. */
  readonly timeoutMs: number
  readonly tries: number
  /** First pause between tries; it doubles, and half of it is chance. */
  readonly pauseMs: number
  /** Finds, and may refuse, the address of the host where it is connected to. */
  readonly lookup?: LookupFunction
}

/** Sends calls and tries again what failed on the way or at the store (5xx, 429, time-outs); an answer that means «no» is an error at once. */
export interface S3Transport {
  /** The answer with its whole body. */
  send(call: S3Call): Promise<S3Answer & { body: Buffer }>
  /** The answer as soon as its head is there. Only the head is tried again. */
  stream(call: S3Call): Promise<S3Answer & { body: Readable }>
  place(key: string): { host: string; path: string }
  close(): void
}

const emptyHash = createHash('sha256').digest('hex')
/** Codes of answers that say «not now». */
const passing = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'ConditionalRequestConflict',
  'OperationAborted',
])

class Passing extends Error {}

export function createS3Transport(options: S3Options): S3Transport {
  const { endpoint, bucket, pathStyle, credentials, timeoutMs, tries, pauseMs, lookup } = options
  const { request, Agent } = endpoint.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: timeoutMs })
  /** How far the store's clock is from ours; learnt when it says that ours is wrong. */
  let skew = 0

  const place = (key: string): { host: string; path: string } => {
    const base = endpoint.pathname.replace(/\/$/, '')
    return pathStyle
      ? { host: endpoint.host, path: `${base}/${bucket}${key === '' ? '' : `/${key}`}` }
      : { host: `${bucket}.${endpoint.host}`, path: `${base}/${key}` }
  }

  const once = ({ method, key = '', query = {}, headers = {}, body }: S3Call): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { host, path } = place(key)
      const size = body === undefined ? 0 : Buffer.isBuffer(body) ? body.length : body.end - body.start
      const hash =
        body === undefined
          ? emptyHash
          : Buffer.isBuffer(body)
            ? createHash('sha256').update(body).digest('hex')
            : body.sha256
      const signed = signRequest(credentials, { method, host, path, query, headers }, hash, new Date(Date.now() + skew))
      const search = queryText(query)
      const sent = request(
        {
          protocol: endpoint.protocol,
          host: host.replace(/:\d+$/, ''),
          ...(endpoint.port ? { port: endpoint.port } : {}),
          method,
          path: search ? `${path}?${search}` : path,
          headers: {
            ...signed,
            ...(method === 'PUT' || method === 'POST' ? { 'content-length': String(size) } : {}),
          },
          agent,
          ...(lookup ? { lookup } : {}),
          timeout: timeoutMs,
        },
        resolve,
      )
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
      sent.on('error', reject)
      if (body === undefined || Buffer.isBuffer(body)) return void sent.end(body)
      if (size === 0) return void sent.end()
      const file = createReadStream(body.path, { start: body.start, end: body.end - 1 })
      file.on('error', (error) => sent.destroy(error))
      sent.on('close', () => file.destroy())
      file.pipe(sent)
    })

  /** Reads an answer that is no success and says what it means. */
  const refuse = (call: S3Call, answer: S3Answer, body: Buffer): never => {
    const { status, headers } = answer
    const code = textOf(body.toString(), 'Code') ?? ''
    const said = `${call.method} answered ${status}${code ? ` ${code}` : ''}`
    if (code === 'RequestTimeTooSkewed' && headers.date !== undefined) skew = Date.parse(headers.date) - Date.now()
    if (status >= 500 || status === 429 || passing.has(code)) throw new Passing(said)
    if (code === 'NoSuchBucket') throw blobErrors.NO_BUCKET(options.name)
    throw blobErrors.REFUSED(options.name, said)
  }

  const repeat = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        const again =
          error instanceof Passing || isConnection(code) || /no answer within|socket hang up|aborted/.test(message)
        if (!again) throw error
        if (attempt >= tries) throw blobErrors.UNAVAILABLE(options.name, `${message}, ${tries} times`)
        await sleep(pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2))
      }
    }
  }

  const good = (call: S3Call, status: number): boolean =>
    (status >= 200 && status < 300) || call.accept?.includes(status) === true

  return {
    place,
    send: (call) =>
      repeat(async () => {
        const response = await once(call)
        const body = await buffer(response)
        const answer = { status: response.statusCode ?? 0, headers: response.headers }
        const announced = Number(answer.headers['content-length'] ?? body.length)
        if (call.method !== 'HEAD' && body.length !== announced) throw new Passing('the answer broke off')
        if (!good(call, answer.status)) refuse(call, answer, body)
        // Copies and completions begin to answer before they know; then the error comes with a 200.
        if (body.includes('<Error>') && good(call, answer.status) && !call.accept?.includes(answer.status))
          refuse(call, { ...answer, status: 500 }, body)
        return { ...answer, body }
      }),
    stream: (call) =>
      repeat(async () => {
        const response = await once(call)
        const answer = { status: response.statusCode ?? 0, headers: response.headers }
        if (!good(call, answer.status)) refuse(call, answer, await buffer(response))
        response.on('error', () => {})
        return { ...answer, body: response }
      }),
    close: () => agent.destroy(),
  }
}

function isConnection(code: string | undefined): boolean {
  return (
    code !== undefined &&
    [
      'ECONNRESET',
      'ECONNREFUSED',
      'EPIPE',
      'ETIMEDOUT',
      'EAI_AGAIN',
      'ENOTFOUND',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'HPE_INVALID_CONSTANT',
    ].includes(code)
  )
}
