import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../kernel/logging/index.ts'
import { createControlServer } from './control-server.ts'

let server: Server
let url: string
let stopped = 0

beforeAll(async () => {
  server = createControlServer({
    secret: 'of this gateway',
    program: 'test',
    logger: createLogger({ level: 'silent' }),
    deployments: { version: () => 7, status: () => [] } as never,
    records: {} as never,
    lookup: {} as never,
    setRoots: () => {},
    clock: () => 1,
    sync: async () => {},
    stop: () => void (stopped += 1),
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

test('the gateway is commanded with its secret, and to others says not even that there is a command', async () => {
  const ask = async (path: string, secret: string | undefined) =>
    (await fetch(`${url}${path}`, { method: 'POST', ...(secret ? { headers: { 'x-gateway-secret': secret } } : {}) }))
      .status
  for (const secret of [undefined, 'of this gatewax', 'of this gateway!', 'x'.repeat(5000)])
    for (const path of ['/stop', '/sync', '/prepare', '/nothing'])
      expect([path, await ask(path, secret)]).toEqual([path, 404])
  expect(stopped).toBe(0)
  expect(await ask('/sync', 'of this gateway')).toBe(200)
})
