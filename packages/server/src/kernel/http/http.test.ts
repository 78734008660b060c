import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { route } from '@trivium/contract'
import { type Static, Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AppError, defineErrors } from '../errors/index.ts'
import { createLogger } from '../logging/index.ts'
import { createMetrics } from '../telemetry/index.ts'
import { closeHttp, createHttp, type Http, mount } from './index.ts'

const Body = Type.Object(
  {
    name: Type.String({ minLength: 2 }),
    count: Type.Optional(Type.Integer({ default: 7 })),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)
const made = route({
  method: 'POST',
  url: '/things',
  permission: 'public',
  schema: {
    operationId: 'makeThing',
    summary: 'Makes a thing.',
    query: Type.Object({
      loud: Type.Optional(Type.Boolean()),
      limit: Type.Optional(Type.Integer({ maximum: 10, default: 5 })),
      only: Type.Optional(Type.Array(Type.String())),
    }),
    body: Body,
    response: { 201: Type.Object({ body: Body, query: Type.Unknown() }) },
  },
})
const map = route({
  method: 'POST',
  url: '/map',
  permission: 'public',
  schema: {
    operationId: 'putMap',
    summary: 'Takes a map.',
    body: Type.Record(Type.String(), Type.Integer()),
    response: { 200: Type.Object({}) },
  },
})
const raw = route({
  method: 'PUT',
  url: '/raw',
  permission: 'public',
  requestBody: 'raw',
  schema: { operationId: 'putRaw', summary: 'Takes bytes.', response: { 200: Type.Object({ bytes: Type.Integer() }) } },
})
const errors = defineErrors('TEST', { TEAPOT: { status: 418, message: (what: string) => `${what} is a teapot.` } })

const metrics = createMetrics({ logger: createLogger({ level: 'silent' }) })

describe('HTTP', () => {
  let app: Http
  let logged: string[] = []
  beforeAll(async () => {
    const logger = createLogger({ level: 'silent' })
    app = createHttp({
      authenticator: { authenticate: async () => undefined, projectExists: async () => true },
      logger: Object.assign(Object.create(logger), {
        child: () => logger,
        error: (fields: unknown) => logged.push(JSON.stringify(fields)),
      }),
      metrics,
      bodyLimit: 2000,
      allowedHosts: () => new Set(['localhost', '127.0.0.1']),
    })
    mount(app, made, 201, async ({ body, query }) => ({
      body: body as Static<typeof Body>,
      query,
      secret: 'not in the schema',
    }))
    mount(app, map, 200, async () => ({}))
    mount(app, raw, 200, async ({ body }) => {
      let bytes = 0
      for await (const chunk of body) bytes += (chunk as Buffer).length
      return { bytes }
    })
    app.get('/teapot', { config: { access: 'public' } }, async () => {
      throw errors.TEAPOT('This pot')
    })
    app.get('/details', { config: { access: 'public' } }, async () => {
      throw new AppError('TEST.MANY', 422, 'Several.', { errors: [{ path: 'a', message: 'b' }] })
    })
    app.get('/large', { config: { access: 'public' } }, async () => {
      throw Object.assign(new Error('value "9007199254740991" is out of range for type integer'), { code: '22003' })
    })
    app.get('/half', { config: { access: 'public' } }, async () =>
      encodeURIComponent(JSON.parse('"\\ud976"') as string),
    )
    app.get('/bug', { config: { access: 'public' } }, async () => {
      throw new TypeError('password=hunter2 in /srv/somebody')
    })
    await app.ready()
  })
  afterAll(() => app.close())

  const post = (body: unknown, options: { url?: string; headers?: Record<string, string> } = {}) =>
    app.inject({
      method: 'POST',
      url: options.url ?? '/things',
      headers: { host: 'localhost', 'content-type': 'application/json', ...options.headers },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    })

  test('a body is taken as it is, with defaults, and an answer holds only what its schema names', async () => {
    const answer = await post({ name: 'ab' })
    expect([answer.statusCode, answer.json()]).toEqual([201, { body: { name: 'ab', count: 7 }, query: { limit: 5 } }])
  })

  test.each([
    [{ name: 'ab', colour: 'red' }, 'Unknown field body.colour.', '/colour'],
    [{}, 'body.name is missing.', '/name'],
    [{ name: 'ab', count: '3' }, 'body.count must be integer.', '/count'],
    [{ name: 1 }, 'body.name must be string.', '/name'],
    [{ name: 'ab', tags: [1] }, 'body.tags.0 must be string.', '/tags/0'],
    [[], 'must be object', ''],
  ])('a wrong body is refused and nothing is guessed: %j', async (body, detail, path) => {
    const answer = await post(body)
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'HTTP.INVALID',
      detail: expect.stringContaining(detail),
      errors: [{ path }],
    })
  })

  test('every mistake is named at once', async () => {
    const { errors: found } = (await post({ nmae: 'ab', count: null })).json()
    expect(found.map((e: { path: string }) => e.path).toSorted()).toEqual(['/count', '/name', '/nmae'])
  })

  test.each(['a', '', '\n', '\u2028', 'a\r\nb'])(
    'the value of a map is checked whatever its key is: %j',
    async (key) => {
      expect((await post({ [key]: 1 }, { url: '/map' })).statusCode).toBe(200)
      expect((await post({ [key]: null }, { url: '/map' })).json().code).toBe('HTTP.INVALID')
    },
  )

  test('a number that the database cannot hold is a mistake of the client', async () => {
    const answer = await app.inject({ url: '/large', headers: { host: 'localhost' } })
    expect(answer.json()).toMatchObject({ status: 400, code: 'HTTP.OUT_OF_RANGE' })
    const half = await app.inject({ url: '/half', headers: { host: 'localhost' } })
    expect(half.json()).toMatchObject({ status: 400, code: 'HTTP.BAD_TEXT' })
  })

  test('of many mistakes the sentence names the first five and says how many more there are', async () => {
    const { detail, errors: found } = (await post({ name: 'ab', tags: Array.from({ length: 40 }, () => 1) })).json()
    expect(detail.match(/body\.tags\.\d+ must be string\./g)).toHaveLength(5)
    expect(detail).toMatch(/ And 35 more like these\.$/)
    expect(found).toHaveLength(40)
  })

  test('a query is read from text, a wrong one refused', async () => {
    const answer = await post({ name: 'ab' }, { url: '/things?loud=true&limit=3&only=x' })
    expect(answer.json().query).toEqual({ loud: true, limit: 3, only: ['x'] })
    for (const url of ['/things?loud=perhaps', '/things?limit=11', '/things?limit=x'])
      expect((await post({ name: 'ab' }, { url })).json().code, url).toBe('HTTP.INVALID')
  })

  test('broken JSON, no body, another type and a body that is too large have clear errors', async () => {
    expect((await post('{"name":')).json()).toMatchObject({ status: 400, code: 'HTTP.BAD_REQUEST' })
    expect((await post('')).statusCode).toBe(400)
    expect(
      (await post('name=ab', { headers: { 'content-type': 'application/x-www-form-urlencoded' } })).statusCode,
    ).toBe(415)
    expect((await post({ name: 'x'.repeat(2000) })).json()).toMatchObject({ status: 413, code: 'HTTP.BODY_TOO_LARGE' })
    expect((await post('{"name":"ab","__proto__":{"admin":true}}')).statusCode).toBe(400)
    const bare = await app.inject({ method: 'POST', url: '/things', headers: { host: 'localhost' } })
    expect(bare.json()).toMatchObject({ code: 'HTTP.INVALID' })
  })

  test('bytes reach their handler as a stream, with no limit but its own', async () => {
    const answer = await app.inject({
      method: 'PUT',
      url: '/raw',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: Buffer.alloc(300_000),
    })
    expect(answer.json()).toEqual({ bytes: 300_000 })
  })

  test('an expected error is problem+json with its stable code, its details and the request id', async () => {
    const answer = await app.inject({ url: '/teapot', headers: { host: 'localhost', 'x-request-id': 'my-request-7' } })
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringContaining('application/problem+json'),
      'x-request-id': 'my-request-7',
      'x-content-type-options': 'nosniff',
    })
    expect([answer.statusCode, answer.json()]).toEqual([
      418,
      {
        type: 'https://trivium.dev/errors/TEST.TEAPOT',
        title: 'teapot',
        status: 418,
        code: 'TEST.TEAPOT',
        detail: 'This pot is a teapot.',
        requestId: 'my-request-7',
      },
    ])
    const many = await app.inject({ url: '/details', headers: { host: 'localhost' } })
    expect(many.json().errors).toEqual([{ path: 'a', message: 'b' }])
    expect(many.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('a bug says nothing of itself to the caller, and is in the log under the request id', async () => {
    logged = []
    const answer = await app.inject({ url: '/bug', headers: { host: 'localhost' } })
    expect(answer.json()).toMatchObject({
      status: 500,
      code: 'INTERNAL',
      detail: expect.stringContaining('server log'),
    })
    expect(answer.body).not.toMatch(/hunter2|somebody|TypeError/)
  })

  test('an unknown route and an unknown method are 404 with the path and without the query', async () => {
    const answer = await app.inject({ method: 'DELETE', url: '/things?token=hunter2', headers: { host: 'localhost' } })
    expect(answer.json()).toMatchObject({
      status: 404,
      code: 'HTTP.ROUTE_NOT_FOUND',
      detail: 'There is no route DELETE /things.',
    })
  })

  test('a request that runs when the server stops gets its answer, and then the server ends at once', async () => {
    const server = createHttp({
      authenticator: { authenticate: async () => undefined, projectExists: async () => true },
      logger: createLogger({ level: 'silent' }),
      metrics,
      bodyLimit: 1000,
      allowedHosts: () => new Set(['127.0.0.1']),
    })
    let entered = () => {}
    const inside = new Promise<void>((resolve) => {
      entered = resolve
    })
    server.get('/slow', { config: { access: 'public' } }, async () => {
      entered()
      await new Promise((resolve) => setTimeout(resolve, 200))
      return 'done'
    })
    await server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.server.address() as AddressInfo
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ host: '127.0.0.1', port, path: '/slow' }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject)
      sent.end()
    })
    await inside
    const started = Date.now()
    await Promise.all([server.close(), expect(answered).resolves.toBe(200)])
    expect(Date.now() - started).toBeLessThan(2000)
  })
})

test('a body of which nothing more comes is given up with its connection, and a handler may take its time', async () => {
  const app = createHttp({
    authenticator: { authenticate: async () => undefined, projectExists: async () => false },
    logger: createLogger({ level: 'silent' }),
    metrics,
    bodyLimit: 1000,
    bodyIdleMs: 150,
    allowedHosts: () => new Set(['localhost']),
  })
  app.post('/slow', { config: { access: 'public' } }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 600))
    return { ok: true }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = (body: string) =>
    new Promise<string>((resolve) => {
      let got = ''
      const socket = connect(port, '127.0.0.1')
      const head = 'POST /slow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close'
      socket.write(`${head}\r\ncontent-length: 8\r\n\r\n${body}`)
      socket.on('data', (data) => {
        got += String(data)
      })
      socket.on('error', () => {})
      socket.setTimeout(5000, () => {
        resolve('still open')
        socket.destroy()
      })
      socket.on('close', () => resolve(got.split('\r\n')[0] ?? ''))
    })
  expect(await Promise.all([send('{"a":'), send('{"a": 1}')])).toEqual(['', 'HTTP/1.1 200 OK'])
  await app.close()
})

test('a request that does not end holds a server that stops for its grace and no longer', async () => {
  const app = createHttp({
    authenticator: { authenticate: async () => undefined, projectExists: async () => false },
    logger: createLogger({ level: 'silent' }),
    metrics,
    bodyLimit: 1000,
    allowedHosts: () => new Set(['127.0.0.1']),
  })
  const inside = Promise.withResolvers<void>()
  app.get('/endless', { config: { access: 'public' } }, () => {
    inside.resolve()
    return new Promise(() => {})
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const cut = new Promise<string>((resolve) => {
    httpRequest({ host: '127.0.0.1', port, path: '/endless' })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      .end()
  })
  await inside.promise
  // Where nothing cuts it off, the test does so, long after the grace.
  const late = setTimeout(() => app.server.closeAllConnections(), 5000)
  const begin = performance.now()
  await closeHttp(app, 100)
  const took = performance.now() - begin
  clearTimeout(late)
  expect(await cut).toBe('ECONNRESET')
  expect(took).toBeLessThan(4900)
})
