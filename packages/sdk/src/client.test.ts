import { decideInboxItem, listEvents, type Route } from '@trivium/contract'
import { expect, test } from 'vitest'
import { ApiError, buildUrl, createClient } from './index.ts'

interface Seen {
  url: string
  init: RequestInit
}

function answering(
  status: number,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  const seen: Seen[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    seen.push({ url: String(url), init: init ?? {} })
    return new Response(status === 204 ? null : body, { status, headers })
  }
  return { seen, fetch }
}

test('a call fills path and query, sends the token and returns the parsed answer', async () => {
  const { seen, fetch } = answering(200, '{"events":[],"head":7}')
  const client = createClient({ baseUrl: 'http://host:1/', token: 'secret', fetch })
  const result = await client.call(listEvents, { params: { project: 'flight-delays' }, query: { after: 3 } })
  expect(result.head).toBe(7)
  expect(seen[0]?.url).toBe('http://host:1/api/v1/projects/flight-delays/events?after=3')
  expect((seen[0]?.init.headers as Record<string, string>)['authorization']).toBe('Bearer secret')
})

test('names with a slash or a blank stay one part of the path', () => {
  expect(buildUrl('/models/:model', { model: 'a/b c' })).toBe('/models/a%2Fb%20c')
})

test('a missing part of the path is an error that names it', () => {
  expect(() => buildUrl('/models/:model', {})).toThrow('":model"')
})

test('a body goes as JSON', async () => {
  const { seen, fetch } = answering(200, '{"option":"approve"}')
  await createClient({ baseUrl: '', fetch }).call(decideInboxItem, {
    params: { project: 'p', item: 'inb_1' },
    body: { option: 'approve' },
  })
  expect(seen[0]?.init.body).toBe('{"option":"approve"}')
  expect((seen[0]?.init.headers as Record<string, string>)['content-type']).toBe('application/json')
})

test('a problem becomes an ApiError with its stable code', async () => {
  const problem = {
    type: 'about:blank',
    status: 404,
    code: 'MODEL_NOT_FOUND',
    title: 'Not found',
    detail: 'Model "a" does not exist.',
    requestId: 'req_1',
  }
  const { fetch } = answering(404, JSON.stringify(problem), { 'content-type': 'application/problem+json' })
  const failed = createClient({ baseUrl: '', fetch }).call(decideInboxItem, {
    params: { project: 'p', item: 'inb_1' },
    body: { option: 'approve' },
  })
  await expect(failed).rejects.toMatchObject({
    name: 'ApiError',
    code: 'MODEL_NOT_FOUND',
    requestId: 'req_1',
    message: 'Model "a" does not exist.',
  })
})

test('401 is told to the caller before it is thrown', async () => {
  const { fetch } = answering(401, '{"code":"NOT_SIGNED_IN"}')
  const told: ApiError[] = []
  const client = createClient({ baseUrl: '', fetch, onUnauthorised: (e) => told.push(e) })
  await expect(client.call(listEvents, { params: { project: 'p' } })).rejects.toThrow(ApiError)
  expect(told[0]?.code).toBe('NOT_SIGNED_IN')
})

test('no answer is an ApiError that says which server', async () => {
  const fetch = async () => {
    throw new TypeError('connect ECONNREFUSED')
  }
  const failed = createClient({ baseUrl: 'http://host:1', fetch }).call(listEvents, { params: { project: 'p' } })
  await expect(failed).rejects.toMatchObject({
    status: 0,
    code: 'NETWORK_UNREACHABLE',
    message: 'No answer from http://host:1. Is it running?',
  })
})

test('the types demand what the schemas require', () => {
  const client = createClient({ baseUrl: '' })
  const calls = (r: typeof decideInboxItem) => [
    // @ts-expect-error params are required
    () => client.call(r, { body: { option: 'approve' } }),
    // @ts-expect-error the body needs an option
    () => client.call(r, { params: { project: 'p', item: 'inb_1' }, body: {} }),
  ]
  expect(calls(decideInboxItem)).toHaveLength(2)
  const plain: Route = decideInboxItem
  expect(plain.method).toBe('POST')
})
