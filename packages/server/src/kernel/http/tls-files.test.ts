import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls'
import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isReachedOverTls } from '../../capabilities/access/sign-in/cookies.ts'
import { createGatewayProcess } from '../../capabilities/serving/gateway/gateway-process.ts'
import { loadConfig } from '../config/index.ts'
import { createLogger } from '../logging/index.ts'
import { followTls, readTls } from './index.ts'

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.pem`)
const first = readFileSync(fixture('first-certificate'), 'utf8')
const second = readFileSync(fixture('second-certificate'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'trivium-tls-'))
const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') }
const use = (name: 'first' | 'second') => {
  copyFileSync(fixture(`${name}-key`), files.key)
  copyFileSync(fixture(`${name}-certificate`), files.certificate)
}
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The name in the certificate that a new connection is given. */
function seen(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: [first, second], ...options }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
const get = (port: number, path: string, agent?: Agent) =>
  new Promise<number>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, ca: [first, second], ...(agent ? { agent } : {}) },
      (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
const getPlain = (port: number, path: string, host = '127.0.0.1') =>
  new Promise<number>((resolve, reject) => {
    const sent = httpRequest({ host, port, path }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end()
  })

describe('a server with a certificate', () => {
  let world: World
  let port: number
  beforeAll(async () => {
    use('first')
    world = await createWorld({ configuration: { tlsCertificate: files.certificate, tlsKey: files.key } })
    await world.app.listen({ port: 0, host: '127.0.0.1' })
    port = (world.app.server.address() as AddressInfo).port
  }, 60_000)
  afterAll(() => world.close())

  test('speaks HTTPS 1.2 and newer, and refuses everything else', async () => {
    expect(await get(port, '/healthz')).toBe(200)
    expect(await seen(port, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).toBe('first.test')
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    await expect(seen(port, old)).rejects.toThrow('alert protocol version')
    await expect(getPlain(port, '/healthz')).rejects.toThrow(/hang up|ECONNRESET|Parse Error/)
  })

  test('gives new connections the new certificate without a restart, and keeps the old one when the new pair is broken', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      expect(await get(port, '/healthz', agent)).toBe(200)
      use('second')
      process.emit('SIGHUP')
      expect(await seen(port)).toBe('second.test')
      expect(await get(port, '/healthz', agent)).toBe(200)
      copyFileSync(fixture('first-certificate'), files.certificate)
      process.emit('SIGHUP')
      expect(await seen(port).catch(String)).toBe('second.test')
      const { call } = await world.as('instance-admin')
      const findings = async () =>
        ((await call('GET', '/api/v1/status')).json.findings as { check: string }[]).find(
          ({ check }) => check === 'certificate',
        )
      expect(await findings()).toMatchObject({ state: 'failed', found: expect.stringContaining('is not the key') })
      use('first')
      expect(await findings()).toMatchObject({ state: 'ok' })
      const { expiresAt } = readTls(files)
      const before = world.time.now
      world.time.now = expiresAt - 13 * 86_400_000
      expect(await findings()).toMatchObject({ state: 'warning', found: expect.stringContaining('localhost') })
      world.time.now = expiresAt + 1
      expect(await findings()).toMatchObject({ state: 'failed', found: expect.stringContaining('expired') })
      world.time.now = before
    } finally {
      agent.destroy()
    }
  })

  test('gives its cookies to browsers for TLS only', () => {
    expect(isReachedOverTls(world.kernel.config)).toBe(true)
    expect(isReachedOverTls({ ...world.kernel.config, tlsCertificate: '' })).toBe(false)
  })
})

test('changed files are seen without a signal', async () => {
  use('first')
  const server = createServer(readTls(files))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const following = followTls(server, files, { logger: createLogger({ level: 'silent' }), everyMs: 10 })
  try {
    expect(await seen(port)).toBe('first.test')
    use('second')
    await expect.poll(() => seen(port)).toBe('second.test')
    rmSync(files.key)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await seen(port)).toBe('second.test')
  } finally {
    following.stop()
    server.close()
  }
})

test('a gateway with a certificate speaks HTTPS to clients, and plainly to nobody but this machine', async () => {
  use('first')
  mkdirSync(join(folder, 'data/gateway'), { recursive: true })
  writeFileSync(
    join(folder, 'data/gateway/snapshot.json'),
    JSON.stringify({ version: 1, writtenAt: 1, tokens: [], deployments: [] }),
  )
  const settings = { data: join(folder, 'data'), host: '127.0.0.1', port: 0, program: 'test', logLevel: 'silent' }
  const gateway = createGatewayProcess({ ...settings, tls: files }, createLogger({ level: 'silent' }))
  try {
    const control = await gateway.ensure()
    // Without a token it answers 401, which is an answer.
    expect(await get(control.port, '/v2/health/live')).toBe(401)
    await expect(getPlain(control.port, '/v2/health/live')).rejects.toThrow(/hang up|ECONNRESET|Parse Error/)
    expect(control.plainPort).toBeGreaterThan(0)
    expect(await getPlain(control.plainPort ?? 0, '/v2/health/live')).toBe(401)
    // It listens on this one address of the machine, not on its others.
    await expect(getPlain(control.plainPort ?? 0, '/v2/health/live', '127.0.0.2')).rejects.toThrow('ECONNREFUSED')
    use('second')
    process.kill(control.pid, 'SIGHUP')
    await expect.poll(() => seen(control.port)).toBe('second.test')
    const plain = createGatewayProcess({ ...settings, tls: undefined }, createLogger({ level: 'silent' }))
    expect(await plain.adopt(), 'A gateway of another certificate is not taken over.').toBe(false)
  } finally {
    await gateway.stop()
  }
}, 60_000)

test('a certificate without its key, and a key of another one, stop the start with a sentence', () => {
  // What a client is refused with depends on how OpenSSL was built as well.
  use('first')
  expect(readTls(files).minVersion).toBe('TLSv1.2')
  expect(() => loadConfig({ flags: { tlsCertificate: 'a.pem' }, environment: {} })).toThrow('tlsKey')
  expect(() => readTls({ certificate: fixture('first-certificate'), key: fixture('second-key') })).toThrow(
    'is not the key',
  )
  expect(() => readTls({ certificate: join(folder, 'none'), key: files.key })).toThrow('cannot be used for TLS')
})
