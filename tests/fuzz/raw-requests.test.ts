import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quickCases, type RawServer, startRawServer } from './raw-server.ts'
import { sendRaw } from './raw-socket.ts'

describe.each([
  ['in clear', false],
  ['over TLS', true],
] as const)('raw requests %s', (_name, overTls) => {
  let server: RawServer
  const rejections: unknown[] = []
  const note = (error: unknown): void => void rejections.push(error)

  beforeAll(async () => {
    process.on('unhandledRejection', note)
    server = await startRawServer({ overTls })
  }, 60_000)
  afterAll(async () => {
    process.off('unhandledRejection', note)
    await server.close()
  })

  test('no broken, double, giant or cut request gets a 5xx, stays open, hangs or leaves anything behind', async () => {
    const { tried, findings } = await server.tryAll(quickCases)
    expect(findings).toEqual([])
    expect(tried).toBeGreaterThan(80)
    expect(rejections).toEqual([])
    for (const target of [server.main, server.gateway]) {
      const pieces = [`GET /v2 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${server.context.token}\r\n\r\n`]
      expect([target.name, (await sendRaw(target, { pieces })).statuses.length]).toEqual([target.name, 1])
    }
    // Nothing of the uploads that were cut off is kept, and every connection is closed again.
    expect((await server.admin.call('GET', `${server.context.artifact}-cut`)).status).toBe(404)
    await expect.poll(() => server.left(), { timeout: 10_000 }).toEqual({ connections: 0, incoming: [] })
  }, 40_000)

  test('a request whose body nobody wants is cut off when the body does not end', async () => {
    const head = 'POST /deployments/d/predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900000000\r\n\r\n'
    const pieces = [head, ...Array<Buffer>(80).fill(Buffer.alloc(2 ** 20))]
    const answer = await sendRaw(server.gateway, { pieces, answers: 9 })
    expect([answer.statuses, answer.closed]).toEqual([[401], true])
  }, 40_000)
})
