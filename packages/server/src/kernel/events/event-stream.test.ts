import type { ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

let world: World
let port: number
beforeAll(async () => {
  world = await createWorld({})
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  port = (world.app.server.address() as AddressInfo).port
}, 60_000)
afterAll(async () => {
  vi.useRealTimers()
  await world.close()
})

test('a stream of events ends when the token that opened it is revoked', async () => {
  const { access } = world.capabilities
  const reader = await world.as('viewer')
  const admin = await world.as('instance-admin')
  const { id, secret } = await access.createToken(admin.principal, {
    principalId: reader.principal.id,
    name: 'stream',
    project: 'default',
  })
  // The stream's heartbeat alone begins after this.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  let got = ''
  const socket = connect(port, '127.0.0.1')
  socket.on('data', (data) => {
    got += String(data)
  })
  socket.write(
    `GET /api/v1/projects/default/events/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${secret}\r\n\r\n`,
  )
  await vi.waitFor(() => expect(got).toContain('event: ready'), { timeout: 5000 })
  vi.advanceTimersByTime(60_000)
  await vi.waitFor(() => expect(got).toContain('still here'), { timeout: 5000 })
  await access.revokeToken(admin.principal, id)
  vi.advanceTimersByTime(60_000)
  // The last piece of an answer without a length.
  await vi.waitFor(() => expect(got).toMatch(/\r\n0\r\n\r\n$/), { timeout: 5000 })
  // What happens afterwards is written nowhere.
  await access.createToken(admin.principal, { principalId: reader.principal.id, name: 'later', project: 'default' })
  await world.kernel.sequencer.flush()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(got).toMatch(/\r\n0\r\n\r\n$/)
  socket.destroy()
})

test('a reader that does not read holds no more than a piece of what waits for him, and gets all of it later', async () => {
  const reader = await world.as('viewer')
  const count = 300
  const project = 'default'
  const head = await world.kernel.events.head(world.kernel.db.read)
  const data = { name: 'x'.repeat(100_000) }
  await world.kernel.db.write.transaction().execute(async (trx) => {
    for (let i = 0; i < count; i += 1)
      await world.kernel.events.append(trx, {
        project,
        name: 'run.removed',
        schema: 1,
        by: reader.principal.id,
        subject: `trivium://default/run/${i}`,
        refs: [],
        data,
      })
  })
  await world.kernel.sequencer.flush()
  let answer: ServerResponse | undefined
  world.app.server.once('request', (_: unknown, response: ServerResponse) => {
    answer = response
  })
  const socket = connect(port, '127.0.0.1').pause()
  socket.write(
    `GET /api/v1/projects/default/events/stream?after=${head} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${reader.token}\r\n\r\n`,
  )
  // What the operating system takes over is gone by then; the rest waits here.
  await vi.waitFor(() => expect(answer?.writableNeedDrain).toBe(true), { timeout: 5000 })
  await world.kernel.db.read.selectFrom('event').select('seq').limit(1).execute()
  expect(answer?.writableLength).toBeLessThan(1_000_000)
  let got = 0
  let rest = ''
  socket.on('data', (piece) => {
    const parts = (rest + String(piece)).split('event: event')
    got += parts.length - 1
    rest = (parts.at(-1) ?? '').slice(-20)
  })
  socket.resume()
  await vi.waitFor(() => expect(got).toBe(count), { timeout: 10_000 })
  socket.destroy()
})
