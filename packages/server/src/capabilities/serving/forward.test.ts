import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInProcessGateway } from '../../gateway/in-process-gateway.fixture.ts'
import { createHttp, type Http } from '../../kernel/http/index.ts'
import { createLogger } from '../../kernel/logging/index.ts'
import { createMetrics } from '../../kernel/telemetry/index.ts'
import { forwardRoutes } from './forward.ts'
import type { Serving } from './serving.ts'

const logger = createLogger({ level: 'silent' })
let main: Http
let gateway: Awaited<ReturnType<typeof createInProcessGateway>>
let address: { host: string; port: number } | undefined
const servers: Server[] = []
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port

beforeAll(async () => {
  gateway = await createInProcessGateway()
  const authenticator = {
    authenticate: async () => {
      throw new TypeError('the database is away')
    },
    projectExists: async () => true,
  }
  main = createHttp({
    authenticator,
    logger,
    metrics: createMetrics({ logger }),
    bodyLimit: 1000,
    allowedHosts: () => new Set(['localhost']),
  })
  forwardRoutes(main, { forwardAddress: () => address, names: async () => [] } as unknown as Serving, authenticator)
  await main.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await main.close()
  await gateway.stop()
  for (const server of servers) server.close()
})

/** What comes back for a prediction with so many bytes of body until the connection ends, or for a second and a half. */
function predict(port: number, bytes: number, connection = 'keep-alive'): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const socket = connect(port, '127.0.0.1')
    const head = `POST /deployments/d/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: ${connection}`
    socket.write(`${head}\r\ncontent-length: ${bytes}\r\n\r\n`)
    socket.write(Buffer.alloc(bytes, '['))
    const timer = setTimeout(() => socket.destroy(), 1500)
    socket.on('data', (data) => {
      got += String(data)
      if (/"requestId"/.test(got)) socket.end()
    })
    socket.on('error', (error) => {
      got += ` ${error.message}`
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(got)
    })
  })
}

test('who is refused before his body was read gets the reason, from the gateway and through main, however large the body is', async () => {
  address = { host: '127.0.0.1', port: gateway.port }
  for (const bytes of [100, 6_000_000])
    for (const port of [address.port, portOf(main.server)])
      expect([bytes, (await predict(port, bytes)).split('\r\n')[0]]).toEqual([bytes, 'HTTP/1.1 401 Unauthorized'])
  expect(await predict(address.port, 2_000_000, 'close')).toMatch(/^HTTP\/1\.1 401/)
})

test('a gateway that ends in the middle of its answer ends the answer of main too', async () => {
  const broken = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-length': 100 })
    response.write('half')
    setTimeout(() => response.destroy(), 20)
  })
  servers.push(broken)
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  address = { host: '127.0.0.1', port: portOf(broken) }
  const ended = await Promise.race([predict(portOf(main.server), 10), sleep(1000, 'still open')])
  expect(ended).toMatch(/^HTTP\/1\.1 200 OK[^]*half$/)
})

test('a fault while there is no gateway is answered, not left hanging', async () => {
  address = undefined
  const got = await Promise.race([predict(portOf(main.server), 10), sleep(1000, 'still open')])
  expect(got).toMatch(/^HTTP\/1\.1 500[^]*"code":"INTERNAL"/)
  expect(got).not.toContain('database is away')
})
