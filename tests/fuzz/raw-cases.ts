import { gzipSync } from 'node:zlib'
import type { RawRequest } from './raw-socket.ts'

/** A request that no client of ours would send. */
export interface RawCase {
  readonly name: string
  /** Which ports are asked; both unless said. */
  readonly only?: 'main' | 'gateway'
  /** Takes long, or a lot: not among the unit tests. */
  readonly long?: true
  request(context: RawContext): RawRequest
  /** What may be answered; a connection that is closed without an answer is right for all. */
  readonly statuses: readonly number[]
  /** How often it is sent. */
  readonly times?: number
}

export interface RawContext {
  readonly token: string
  /** An artifact's address that may be written to. */
  readonly artifact: string
}

const refused = [400, 408, 413, 414, 417, 421, 431]
const post = '/deployments/nobody/predict'
const predict = (token: string, headers: string, body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${post} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${headers}\r\n`,
      'latin1',
    ),
    Buffer.from(body),
  ])
const get = (target: string, headers = ''): string => `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`
const one = (piece: string | Buffer): RawRequest => ({ pieces: [piece] })
const asked = (token: string, method: string, path: string, headers: string, body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n${headers}\r\n`,
      'latin1',
    ),
    Buffer.from(body),
  ])
function* often(piece: string, count: number, pauseMs = 0): Generator<string | number> {
  for (let n = 0; n < count; n += 1) {
    yield piece
    if (pauseMs > 0) yield pauseMs
  }
}

/** Requests that are broken, too large, too slow or two at once. */
export const rawCases: readonly RawCase[] = [
  { name: 'a head that breaks off', statuses: [400], request: () => ({ pieces: ['GET /v2 HT'], end: 'half' }) },
  {
    name: 'a body that breaks off',
    statuses: [400, 404],
    request: ({ token }) => ({ pieces: [predict(token, 'content-length: 50\r\n', '{')], end: 'half' }),
  },
  {
    name: 'a body that breaks off with a reset',
    // The gateway may be quicker: it says that there is no such deployment before the body came.
    statuses: [404],
    request: ({ token }) => ({
      pieces: [predict(token, 'content-length: 5000000\r\n', '{'.repeat(70_000)), 20],
      end: 'reset',
    }),
  },
  {
    name: 'a length that is no number',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'content-length: 1x\r\n', '{')),
  },
  {
    name: 'a negative length',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'content-length: -1\r\n', '{}')),
  },
  {
    name: 'a length beyond all numbers',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'content-length: 99999999999999999999999\r\n', '{}')),
  },
  {
    name: 'two lengths',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'content-length: 2\r\ncontent-length: 3\r\n', '{}x')),
  },
  {
    name: 'a length beside chunks',
    statuses: refused,
    request: ({ token }) =>
      one(
        predict(token, 'content-length: 4\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\nGET /hidden HTTP/1.1\r\n\r\n'),
      ),
  },
  {
    name: 'chunks in a spelling that others may not see',
    statuses: [...refused, 501],
    request: ({ token }) => one(predict(token, 'transfer-encoding: xchunked\r\n', '0\r\n\r\n')),
  },
  {
    name: 'a chunk whose size is no number',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'transfer-encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n')),
  },
  {
    name: 'a chunk of all sizes',
    statuses: refused,
    request: ({ token }) => one(predict(token, 'transfer-encoding: chunked\r\n', `${'f'.repeat(40)}\r\n{}\r\n`)),
  },
  {
    name: 'a chunk with an extension without end',
    // Over TLS it comes in records of 16 KB: that there is no such deployment may be said before it is too long.
    statuses: [...refused, 404],
    request: ({ token }) =>
      one(predict(token, 'transfer-encoding: chunked\r\n', `2;${'x'.repeat(100_000)}\r\n{}\r\n0\r\n\r\n`)),
  },
  {
    name: 'a trailer without end',
    statuses: [...refused, 404],
    request: ({ token }) =>
      one(predict(token, 'transfer-encoding: chunked\r\n', `2\r\n{}\r\n0\r\n${'x: y\r\n'.repeat(20_000)}`)),
  },
  {
    name: 'a header of a megabyte',
    statuses: refused,
    request: () => one(get('/v2', `x: ${'y'.repeat(2 ** 20)}\r\n`)),
  },
  {
    name: 'ten thousand headers',
    statuses: [...refused, 401, 404],
    request: () => one(get('/v2', 'a: b\r\n'.repeat(10_000))),
  },
  { name: 'a header whose name holds a space', statuses: refused, request: () => one(get('/v2', 'a b: c\r\n')) },
  { name: 'a header with a NUL', statuses: refused, request: () => one(get('/v2', 'a: b\u0000c\r\n')) },
  {
    name: 'a header with a lone line feed',
    statuses: [...refused, 401],
    request: () => one(get('/v2', 'a: b\nx-injected: 1\r\n')),
  },
  { name: 'a folded header', statuses: [...refused, 401], request: () => one(get('/v2', 'a: b\r\n c\r\n')) },
  { name: 'a path with a NUL', statuses: [...refused, 401, 404], request: () => one(get('/v2/\u0000')) },
  {
    name: 'a path with a line break',
    statuses: [...refused, 401, 404],
    request: () => one(get('/v2/%0d%0ax-injected:%201')),
  },
  { name: 'a path of a megabyte', statuses: refused, request: () => one(get(`/v2/${'x'.repeat(2 ** 20)}`)) },
  {
    name: 'an absolute target of elsewhere',
    statuses: [...refused, 401, 404],
    request: () => one(get('http://elsewhere.example/v2')),
  },
  { name: 'an authority as target', statuses: [...refused, 401, 404], request: () => one(get('elsewhere.example:80')) },
  {
    name: 'CONNECT',
    statuses: [...refused, 401, 404, 405],
    request: () => one('CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  },
  {
    name: 'TRACE',
    statuses: [...refused, 401, 404, 405],
    request: ({ token }) => one(asked(token, 'TRACE', '/v2', 'x-secret: echo-me\r\n')),
  },
  {
    name: 'a method that nobody knows',
    statuses: [...refused, 401, 404, 405],
    request: () => one('BREW /v2 HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  },
  {
    name: 'an upgrade',
    statuses: [...refused, 401, 404],
    request: () => one(get('/v2', 'connection: upgrade\r\nupgrade: websocket\r\n')),
  },
  { name: 'HTTP/1.0', statuses: [200, 401], request: () => one('GET /v2 HTTP/1.0\r\nhost: localhost\r\n\r\n') },
  { name: 'HTTP/1.0 without a host', statuses: [...refused, 401], request: () => one('GET /v2 HTTP/1.0\r\n\r\n') },
  { name: 'HTTP/2 in clear', statuses: refused, request: () => one('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
  { name: 'HTTP/9', statuses: [...refused, 505], request: () => one('GET / HTTP/9.9\r\nhost: localhost\r\n\r\n') },
  { name: 'no HTTP at all', statuses: refused, request: () => one(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])) },
  { name: 'HTTP/1.1 without a host', statuses: refused, request: () => one('GET /v2 HTTP/1.1\r\n\r\n') },
  {
    name: 'another host',
    only: 'main',
    statuses: [421],
    request: ({ token }) =>
      one(`GET /api/v1/projects HTTP/1.1\r\nhost: rebound.example\r\nauthorization: Bearer ${token}\r\n\r\n`),
  },
  {
    name: 'two hosts',
    only: 'main',
    statuses: refused,
    request: () => one('GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: rebound.example\r\n\r\n'),
  },
  {
    name: 'requests behind each other',
    statuses: [200, 401, 404],
    request: ({ token }) => ({
      pieces: [Buffer.concat(Array.from({ length: 200 }, () => asked(token, 'GET', '/v2/health/live', '')))],
      answers: 200,
      patienceMs: 10_000,
    }),
  },
  {
    name: 'a good request behind a broken one',
    statuses: refused,
    request: ({ token }) =>
      one(Buffer.concat([predict(token, 'content-length: 1x\r\n', ''), asked(token, 'GET', '/v2', '')])),
  },
  {
    name: 'an expectation that nobody fulfils',
    statuses: [...refused, 401, 404],
    request: ({ token }) => one(predict(token, 'expect: 200-maybe\r\ncontent-length: 2\r\n', '{}')),
  },
  {
    name: '100-continue',
    statuses: [100, 400, 401, 404],
    request: ({ token }) => ({ pieces: [predict(token, 'expect: 100-continue\r\ncontent-length: 2\r\n'), 30, '{}'] }),
  },
  {
    name: 'a body that unpacks to a gigabyte',
    long: true,
    statuses: [400, 404, 413, 415],
    request: ({ token }) =>
      one(predict(token, `content-encoding: gzip\r\ncontent-length: ${bomb().length}\r\n`, bomb())),
  },
  {
    name: 'a packed body to a route that unpacks none',
    only: 'main',
    statuses: [400, 415],
    request: ({ token }) =>
      one(
        asked(
          token,
          'POST',
          '/api/2.0/mlflow/runs/create',
          `content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${small.length}\r\n`,
          small,
        ),
      ),
  },
  {
    name: 'ten thousand ranges',
    only: 'main',
    statuses: [200, 400, 404, 431],
    request: ({ token, artifact }) => one(asked(token, 'GET', artifact, `range: bytes=${'0-1,'.repeat(2500)}0-1\r\n`)),
  },
  {
    name: 'ranges that overlap, are negative, or beyond all numbers',
    only: 'main',
    statuses: [200, 206, 404, 416],
    request: ({ token, artifact }) => ({
      pieces: [
        'bytes=0-5,2-7',
        'bytes=--1',
        'bytes=-99999999999999999999',
        'bytes=99999999999999999999-',
        'bytes=5-1',
        'bytes=0-0,-1',
      ].map((range) => asked(token, 'GET', artifact, `range: ${range}\r\n`)),
      answers: 6,
    }),
  },
  {
    name: 'a multipart of 100,000 parts',
    only: 'main',
    long: true,
    // It is taken for a file of rows, which it is not.
    statuses: [200, 201, 400, 413, 415, 422],
    request: ({ token }) => {
      const body = `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n'.repeat(100_000)}--x--\r\n`
      return {
        pieces: [
          asked(
            token,
            'POST',
            '/api/v1/projects/default/datasets/parts/versions?format=csv',
            `content-type: multipart/form-data; boundary=x\r\ncontent-length: ${body.length}\r\n`,
            body,
          ),
        ],
        patienceMs: 60_000,
      }
    },
  },
  {
    name: 'a multipart with a name without end',
    only: 'main',
    long: true,
    // It is taken for a file of rows, which it is not.
    statuses: [200, 201, 400, 413, 415, 422],
    request: ({ token }) => {
      const body = `--x\r\ncontent-disposition: form-data; name="${'n'.repeat(5_000_000)}"\r\n\r\n`
      return {
        pieces: [
          asked(
            token,
            'POST',
            '/api/v1/projects/default/datasets/parts/versions?format=csv',
            `content-type: multipart/form-data; boundary=x\r\ncontent-length: ${body.length}\r\n`,
            body,
          ),
        ],
        patienceMs: 60_000,
      }
    },
  },
  {
    name: 'an upload that is reset in its middle',
    only: 'main',
    times: 5,
    statuses: [],
    request: ({ token, artifact }) => ({
      pieces: [asked(token, 'PUT', `${artifact}-cut`, 'content-length: 9000000\r\n', Buffer.alloc(300_000, 7)), 30],
      end: 'reset',
    }),
  },
  {
    name: 'an upload in chunks that is reset in its middle',
    only: 'main',
    times: 5,
    statuses: [],
    request: ({ token, artifact }) => ({
      pieces: [
        asked(token, 'PUT', `${artifact}-cut`, 'transfer-encoding: chunked\r\n', `4000\r\n${'x'.repeat(16_384)}\r\n`),
        30,
      ],
      end: 'reset',
    }),
  },
  {
    name: 'an upload that is half closed',
    only: 'main',
    statuses: [400],
    request: ({ token, artifact }) => ({
      pieces: [asked(token, 'PUT', `${artifact}-cut`, 'content-length: 9000000\r\n', 'half')],
      end: 'half',
    }),
  },
  {
    name: 'a stream of events that is reset',
    only: 'main',
    times: 5,
    statuses: [200],
    request: ({ token }) => ({
      pieces: [asked(token, 'GET', '/api/v1/projects/default/events/stream', ''), 40],
      end: 'reset',
      patienceMs: 200,
    }),
  },
  { name: 'a connection that says nothing', times: 5, statuses: [], request: () => ({ pieces: [50], end: 'reset' }) },
  {
    name: 'a client that reads nothing',
    only: 'main',
    long: true,
    statuses: [200],
    request: ({ token }) => ({
      pieces: often(asked(token, 'GET', '/api/v1/openapi.json', '').toString(), 100),
      reads: false,
      end: 'reset',
      patienceMs: 500,
    }),
  },
  {
    name: 'a head that drips',
    long: true,
    statuses: [408],
    request: () => ({ pieces: ['GET /v2 HTTP/1.1\r\n', ...often('a: b\r\n', 50, 100)], patienceMs: 100 }),
  },
  {
    name: 'a body that drips',
    long: true,
    times: 20,
    statuses: [400, 401, 404],
    request: ({ token }) => ({
      pieces: [predict(token, 'content-length: 100000\r\n'), ...often('{', 30, 100)],
      patienceMs: 100,
      end: 'reset',
    }),
  },
]

const small = gzipSync('{}')
let packed: Buffer | undefined
/** A gigabyte of zeros, which pack a thousandfold, in parts that follow each other; packed once more they would be smaller still, but nothing unpacks twice. */
const bomb = (): Buffer =>
  (packed ??= Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(2 ** 24), { level: 1 }))))
