import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isInternalAddress } from './address-rules.ts'
import { createEgress } from './index.ts'

describe('the way out', () => {
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  const seen: { url: string | undefined; headers: IncomingMessage['headers'] }[] = []
  let server: Server
  let port: number
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers })
      const answer = answers.get(request.url ?? '')
      if (answer) answer(request, response)
      else response.end('fine')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ;({ port } = server.address() as AddressInfo)
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const get = (url: string, allow = '', more: { redirects?: number; timeoutMs?: number; maxBytes?: number } = {}) =>
    createEgress({ allow }).call({
      connection: 'webhooks',
      url,
      method: 'GET',
      headers: { authorization: 'Bearer x' },
      ...more,
    })

  test.each([
    'https://localhost',
    'https://127.0.0.1',
    'https://127.1',
    'https://0x7f000001',
    'https://2130706433',
    'https://0',
    'https://[::1]',
    'https://[::]',
    'https://[::ffff:127.0.0.1]',
    'https://[0:0:0:0:0:ffff:7f00:1]',
    'https://[64:ff9b::7f00:1]',
    'https://[fe80::1]',
    'https://[fd00::1]',
    'https://10.0.0.1',
    'https://100.64.0.1',
    'https://172.31.255.255',
    'https://192.168.1.1',
    'https://169.254.169.254',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[2002:7f00:1::]',
    'https://[ff02::1]',
  ])('%s is internal and refused before anything is sent', async (url) => {
    const before = seen.length
    await expect(get(`${url}:${port}/`)).rejects.toMatchObject({ code: 'EGRESS.DENIED' })
    await expect(createEgress({ allow: '' }).check('webhooks', `${url}:${port}/`)).rejects.toMatchObject({
      code: 'EGRESS.DENIED',
    })
    expect(seen).toHaveLength(before)
  })

  test.each(['1.1.1.1', '9.9.9.9', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8'])(
    '%s is outside',
    (address) => {
      expect(isInternalAddress(address)).toBe(false)
    },
  )

  test('what an administrator allowed is called, by host, host and port, address or network, and nothing beside it', async () => {
    const url = `http://127.0.0.1:${port}/`
    for (const allow of ['127.0.0.1', `127.0.0.1:${port}`, '127.0.0.0/8', 'example.org, 127.0.0.1'])
      expect((await get(url, allow)).body.toString()).toBe('fine')
    expect((await get(`http://localhost:${port}/`, 'localhost')).status).toBe(200)
    await expect(get(url, `127.0.0.1:${port + 1}`)).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    await expect(get(url, '10.0.0.0/8')).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    expect(() => createEgress({ allow: 'http://x' })).toThrow('which is neither a host')
  })

  test.each([
    ['ftp://example.org/x', 'must begin with https'],
    ['nonsense', 'it is no URL'],
    ['https://name:password@example.org/', 'credentials may not stand'],
    ['http://example.org/', 'without TLS'],
  ])('%s is refused', async (url, why) => {
    await expect(get(url)).rejects.toThrow(why)
  })

  test('a redirect is checked like the first URL, followed only as often as wanted, and takes no headers to another host', async () => {
    const allow = `127.0.0.1:${port},localhost:${port}`
    const to = (location: string) => (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(302, { location }).end()
    answers.set('/metadata', to('http://169.254.169.254/latest'))
    answers.set('/over', to(`http://localhost:${port}/there`))
    answers.set('/loop', to('/loop'))
    const base = `http://127.0.0.1:${port}`
    await expect(get(`${base}/metadata`, allow)).resolves.toMatchObject({ status: 302 })
    await expect(get(`${base}/metadata`, allow, { redirects: 3 })).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    await expect(get(`${base}/loop`, allow, { redirects: 3 })).rejects.toMatchObject({ code: 'EGRESS.REDIRECTS' })
    expect((await get(`${base}/over`, allow, { redirects: 1 })).body.toString()).toBe('fine')
    expect(seen.at(-1)).toMatchObject({ url: '/there', headers: { host: `localhost:${port}` } })
    expect(seen.at(-1)?.headers.authorization).toBeUndefined()
    expect(seen.at(-2)?.headers.authorization).toBe('Bearer x')
  })

  test('an answer that is late or too large ends the call', async () => {
    // They end long after nobody waits for them any more.
    const endLater = (response: ServerResponse): void => void setTimeout(() => response.end(), 3000).unref()
    answers.set('/late', (_, response) => endLater(response))
    answers.set('/drip', (_, response) => {
      response.write('a')
      endLater(response)
    })
    answers.set('/large', (_, response) => {
      response.end(Buffer.alloc(200_000))
    })
    const allow = '127.0.0.1'
    const base = `http://127.0.0.1:${port}`
    await expect(get(`${base}/late`, allow, { timeoutMs: 80 })).rejects.toMatchObject({ code: 'EGRESS.TIMEOUT' })
    await expect(get(`${base}/drip`, allow, { timeoutMs: 80 })).rejects.toMatchObject({ code: 'EGRESS.TIMEOUT' })
    await expect(get(`${base}/large`, allow, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'EGRESS.TOO_LARGE' })
  })

  test('a host that does not answer is named', async () => {
    await expect(get('http://127.0.0.1:1/', '127.0.0.1')).rejects.toThrow(
      '127.0.0.1:1 could not be called: nothing listens there.',
    )
    await expect(get('https://nobody.invalid/')).rejects.toThrow(/^nobody\.invalid could not be called: /)
  })
})
