import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Connection } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const secret = 'otlp-key-nobody-may-see'
const seen: IncomingMessage[] = []
let status = 200
const receiver: Server = createServer((request, response) => {
  seen.push(request)
  request.resume()
  response.writeHead(status).end('{}')
})
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
const { port } = receiver.address() as AddressInfo
afterAll(() => {
  receiver.closeAllConnections()
  receiver.close()
})

describeEachDatabase(
  'connections',
  ({ world }) => {
    let admin: Client
    beforeAll(async () => {
      admin = await world.as('instance-admin')
    })
    const list = async (): Promise<Connection[]> => (await admin.call('GET', '/api/v1/connections')).json.connections
    const named = async (name: string): Promise<Connection | undefined> =>
      (await list()).find((one) => one.name === name)
    const tryOne = (name: string) => admin.call('POST', `/api/v1/connections/${name}/test`)
    const allow = (connection: string, address: string, reason = 'the receiver stands in our own rack') =>
      admin.call('POST', '/api/v1/connections/allowances', { connection, address, reason })
    const later = () => (world.time.now += 120_000)

    test('the list names everything that is reached, with no credentials and no path', async () => {
      const answer = await admin.call('GET', '/api/v1/connections')
      expect(answer.json.connections.map((one: Connection) => one.name)).toEqual([
        'database',
        'object-store',
        'vault-command',
        'sign-in',
        'traces',
        'checkpoint-copy',
        'package-index',
      ])
      expect(answer.text).not.toContain(secret)
      const password = new URL(world.kernel.config.databaseUrl || 'none://').password
      if (password !== '') expect(answer.text).not.toContain(password)
      expect(await named('traces')).toMatchObject({
        address: `http://127.0.0.1:${port}`,
        credentials: 'the setting otlpHeaders',
        reaches: 'internal',
        allowedBy: null,
        tls: 'no',
      })
      expect(await named('database')).toMatchObject({ state: 'works', succeededAt: world.time.now })
      expect(await named('sign-in')).toMatchObject({ state: 'off', address: null, testable: false })
    })

    test('an internal address is refused until an administrator allows it for that connection, and again once it is withdrawn', async () => {
      later()
      const before = seen.length
      const refused = await tryOne('traces')
      expect(refused.json).toMatchObject({ ok: false, connection: { state: 'fails', failedAt: world.time.now } })
      expect(refused.json.found).toContain('would be called without TLS')
      // What one connection may, another may not.
      expect((await allow('webhooks', `127.0.0.1:${port}`)).status).toBe(201)
      expect((await tryOne('traces')).json.ok).toBe(false)
      expect(seen).toHaveLength(before)

      const allowed = await allow('traces', `127.0.0.1:${port}`)
      expect(allowed.json).toMatchObject({ connection: 'traces', reason: 'the receiver stands in our own rack' })
      later()
      const works = await tryOne('traces')
      expect(works.json).toMatchObject({
        ok: true,
        connection: {
          state: 'works',
          succeededAt: world.time.now,
          allowedBy: `127.0.0.1:${port}`,
          reached: '127.0.0.1',
        },
      })
      expect(seen.at(-1)).toMatchObject({ method: 'POST', url: '/v1/traces' })
      expect(seen.at(-1)?.headers['authorization']).toBe(`Bearer ${secret}`)

      later()
      status = 503
      expect((await tryOne('traces')).json).toMatchObject({
        ok: false,
        found: 'It answered 503 to a batch without spans.',
      })
      status = 200
      expect(await named('traces')).toMatchObject({ state: 'fails', failedAt: world.time.now })

      const gone = await admin.call('POST', `/api/v1/connections/allowances/${allowed.json.id}/withdraw`, {
        reason: 'the rack moved',
      })
      expect(gone.status).toBe(204)
      expect((await tryOne('traces')).json.found).toContain('would be called without TLS')

      await world.settled('default')
      const { json } = await admin.call('GET', '/api/v1/projects/default/events?limit=1000')
      const said = json.events.filter((one: { name: string }) => one.name.startsWith('egress.'))
      expect(said.map((one: { name: string; data: unknown }) => [one.name, one.data])).toEqual(
        expect.arrayContaining([
          ['egress.allowed', { address: `127.0.0.1:${port}`, reason: 'the receiver stands in our own rack' }],
          ['egress.withdrawn', { address: `127.0.0.1:${port}`, reason: 'the rack moved' }],
        ]),
      )
      const log = await admin.call('GET', '/api/v1/access-log')
      expect(log.json.entries).toContainEqual(
        expect.objectContaining({ what: 'addresses', route: '/api/v1/connections/allowances', by: admin.principal.id }),
      )
    })

    test.each([
      ['https://hooks.internal', 'CONNECTIONS.BAD_ADDRESS'],
      ['10.0.0.1,10.0.0.2', 'CONNECTIONS.BAD_ADDRESS'],
      ['0.0.0.0/0', 'CONNECTIONS.TOO_WIDE'],
      ['10.0.0.0/7', 'CONNECTIONS.TOO_WIDE'],
      ['::/0', 'CONNECTIONS.TOO_WIDE'],
    ])('%s is not taken into the list', async (address, code) => {
      expect((await allow('sign-in', address)).json.code).toBe(code)
    })

    test('an address stands in the list once, and not without a reason', async () => {
      expect((await allow('sign-in', 'login.internal')).status).toBe(201)
      expect((await allow('sign-in', 'LOGIN.internal')).json.code).toBe('CONNECTIONS.ALLOWED_ALREADY')
      expect((await allow('sign-in', 'other.internal', '')).status).toBe(400)
    })

    test('a connection is tried six times a minute and no more', async () => {
      later()
      const tries = await Promise.all(Array.from({ length: 8 }, () => tryOne('database')))
      expect(tries.filter((one) => one.status === 200)).toHaveLength(6)
      const refused = tries.find((one) => one.status === 429)
      expect(refused?.json.code).toBe('CONNECTIONS.TOO_OFTEN')
      expect(refused?.headers['retry-after']).toBe('60')
      expect((await tryOne('object-store')).json).toMatchObject({ ok: true, connection: { state: 'works' } })
      expect((await tryOne('vault-command')).json.code).toBe('CONNECTIONS.NOT_TESTABLE')
      expect((await tryOne('nothing')).json.code).toBe('CONNECTIONS.NOT_FOUND')
    })

    test('the hosts of webhooks are connections, without what may be secret in their URLs', async () => {
      const project = await world.makeProject()
      const maintainer = await world.as('admin', project)
      const path = `/api/v1/projects/${project}/webhooks`
      const url = `http://127.0.0.1:${port}/secret-path`
      expect((await maintainer.call('POST', path, { name: 'pager', url, events: ['alert.*'] })).status).toBe(201)
      const name = `webhooks@127.0.0.1:${port}`
      expect(await named(name)).toMatchObject({
        address: `http://127.0.0.1:${port}`,
        uses: '1 webhook in 1 project',
        state: 'unused',
      })
      status = 500
      expect((await maintainer.call('POST', `${path}/pager/try`)).json.state).toBe('dead')
      status = 404
      expect((await admin.call('GET', '/api/v1/connections')).text).not.toContain('secret-path')
      expect(await named(name)).toMatchObject({ state: 'fails', failure: `127.0.0.1:${port} answered 500.` })
      later()
      expect((await tryOne(encodeURIComponent(name))).json).toMatchObject({ ok: true, connection: { state: 'works' } })
      status = 200
      await maintainer.call('DELETE', `${path}/pager`)
      expect(await named(name)).toBeUndefined()
    })
  },
  { otlpEndpoint: `http://127.0.0.1:${port}`, otlpHeaders: `authorization=Bearer ${secret}` },
)
