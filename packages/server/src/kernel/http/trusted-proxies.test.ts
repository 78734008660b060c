import { route } from '@trivium/contract'
import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../config/index.ts'
import { createLogger } from '../logging/index.ts'
import { createMetrics } from '../telemetry/index.ts'
import { createHttp, listenerOptions, mount } from './index.ts'

const who = route({
  method: 'GET',
  url: '/who',
  permission: 'public',
  schema: {
    operationId: 'who',
    summary: 'Says what the server believes of its client.',
    response: { 200: Type.Object({ address: Type.String(), protocol: Type.String(), host: Type.String() }) },
  },
})
const logger = createLogger({ level: 'silent' })

function server(flags: Record<string, unknown>) {
  const app = createHttp({
    authenticator: { authenticate: async () => undefined, projectExists: async () => true },
    logger,
    metrics: createMetrics({ logger }),
    bodyLimit: 1000,
    allowedHosts: () => new Set(['localhost', 'trivium.example']),
    ...listenerOptions(loadConfig({ flags, environment: {} })),
  })
  mount(app, who, 200, async ({ request }) => ({
    address: request.ip,
    protocol: request.protocol,
    host: request.headers.host ?? '',
  }))
  return async (peer: string, headers: Record<string, string>) => {
    const answer = await app.inject({ url: '/who', remoteAddress: peer, headers: { host: 'localhost', ...headers } })
    return answer.statusCode === 200 ? answer.json() : answer.statusCode
  }
}

const trusted = { trustedProxies: '10.0.0.0/8, 192.0.2.7, fd00::/8' }
const plain = { protocol: 'http', host: 'localhost' }

describe('behind proxies', () => {
  const ask = server(trusted)

  test('the rightmost address that is no trusted proxy is the client, whatever it claimed before', async () => {
    const cases: [peer: string, list: string, client: string][] = [
      ['10.0.0.1', '203.0.113.5', '203.0.113.5'],
      ['::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
      ['fd00::1', '2001:db8::5', '2001:db8::5'],
      ['10.0.0.1', '127.0.0.1, 203.0.113.5', '203.0.113.5'],
      ['10.0.0.1', '203.0.113.5, 10.9.9.9', '203.0.113.5'],
      ['192.0.2.7', '8.8.8.8, 203.0.113.5, 10.9.9.9, 10.0.0.2', '203.0.113.5'],
      ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
      ['10.0.0.1', '203.0.113.5:4711', '203.0.113.5'],
      ['10.0.0.1', '[2001:db8::5]:4711', '2001:db8::5'],
      ['10.0.0.1', 'unknown', '10.0.0.1'],
      ['10.0.0.1', '8.8.8.8, <script>, 10.0.0.2', '10.0.0.2'],
      ['10.0.0.1', '', '10.0.0.1'],
    ]
    for (const [peer, list, client] of cases)
      expect(await ask(peer, { 'x-forwarded-for': list }), `${peer} says ${list}`).toMatchObject({ address: client })
  })

  test('protocol and host of a trusted proxy count, and a host that is not ours is refused all the same', async () => {
    const said = {
      'x-forwarded-for': '203.0.113.5',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'trivium.example',
    }
    expect(await ask('10.0.0.1', said)).toEqual({ address: '203.0.113.5', protocol: 'https', host: 'trivium.example' })
    expect(await ask('10.0.0.1', { ...said, 'x-forwarded-proto': 'gopher' })).toMatchObject({ protocol: 'http' })
    expect(await ask('10.0.0.1', { ...said, 'x-forwarded-host': 'evil.example' })).toBe(421)
    expect(await ask('10.0.0.1', { ...said, 'x-forwarded-host': 'evil.example, trivium.example' })).toMatchObject({
      host: 'trivium.example',
    })
  })

  test('a stranger who sends the same headers is believed nothing', async () => {
    const lies = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'trivium.example',
      'x-real-ip': '127.0.0.1',
      forwarded: 'for=127.0.0.1;proto=https;host=trivium.example',
    }
    for (const peer of ['203.0.113.66', '11.0.0.1', '192.0.2.8', '::1', '::ffff:203.0.113.66'])
      expect(await ask(peer, lies)).toEqual({ address: peer, ...plain })
  })

  test('a header that the proxies do not set is ignored, for it comes from the client', async () => {
    const forwarded = { forwarded: 'for=198.51.100.1;proto=https;host=trivium.example' }
    expect(await ask('10.0.0.1', forwarded)).toEqual({ address: '10.0.0.1', ...plain })
    const standard = server({ ...trusted, trustedProxyHeaders: 'forwarded' })
    expect(
      await standard('10.0.0.1', {
        'x-forwarded-for': '198.51.100.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'trivium.example',
      }),
    ).toEqual({ address: '10.0.0.1', ...plain })
    expect(await standard('10.0.0.1', forwarded)).toEqual({
      address: '198.51.100.1',
      protocol: 'https',
      host: 'trivium.example',
    })
    const long =
      'for="[2001:db8::1]:4711";by=_hidden, For="198.51.100.9"; proto=https;host="trivium.example", for=10.0.0.2;proto=http;host=localhost'
    expect(await standard('10.0.0.1', { forwarded: long })).toEqual({
      address: '198.51.100.9',
      protocol: 'http',
      host: 'localhost',
    })
    expect(await standard('203.0.113.66', forwarded)).toEqual({ address: '203.0.113.66', ...plain })
  })
})

test('without trusted proxies nobody is believed', async () => {
  const ask = server({})
  expect(
    await ask('127.0.0.1', {
      'x-forwarded-for': '8.8.8.8',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'trivium.example',
      forwarded: 'for=8.8.8.8',
    }),
  ).toEqual({ address: '127.0.0.1', ...plain })
})

test('an entry that is no address stops the start', () => {
  for (const list of ['proxy.internal', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', 'fd00::/129'])
    expect(() => listenerOptions(loadConfig({ flags: { trustedProxies: list }, environment: {} })), list).toThrow(
      'trustedProxies',
    )
})
