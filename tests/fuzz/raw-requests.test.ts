import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInProcessGateway } from '../../packages/server/src/gateway/in-process-gateway.fixture.ts'
import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RawContext, rawCases } from './raw-cases.ts'
import { type RawTarget, sendRaw } from './raw-socket.ts'
import { tryRawCase } from './try-raw-case.ts'

let world: World
let admin: Client
let context: RawContext
let gateway: Awaited<ReturnType<typeof createInProcessGateway>>
const targets: RawTarget[] = []
const rejections: unknown[] = []
const note = (error: unknown): void => void rejections.push(error)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  world = await createWorld({})
  admin = await world.as('instance-admin')
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  gateway = await createInProcessGateway(await world.capabilities.access.tokenSnapshot())
  const main = (world.app.server.address() as AddressInfo).port
  targets.push({ name: 'main', port: main, tls: false }, { name: 'gateway', port: gateway.port, tls: false })
  const { run } = (await admin.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json
  const artifact = `/api/2.0/mlflow-artifacts/artifacts/0/${run.info.run_id}/artifacts/file.txt`
  await admin.call('PUT', artifact, 'ten bytes.')
  context = { token: admin.token, artifact }
}, 60_000)
afterAll(async () => {
  process.off('unhandledRejection', note)
  await gateway.stop()
  await world.close()
})

test('no broken, double, giant or cut request gets a 5xx, stays open, hangs or leaves anything behind', async () => {
  const tried = targets.flatMap((target) =>
    rawCases
      .filter(({ only, long }) => !long && (only === undefined || only === target.name))
      .map(async (one) => [`${one.name} → ${target.name}`, await tryRawCase(one, target, context)] as const),
  )
  const wrong = (await Promise.all(tried)).filter(([, why]) => why !== undefined)
  expect(wrong).toEqual([])
  expect(tried.length).toBeGreaterThan(80)
  expect(rejections).toEqual([])
  for (const target of targets) {
    const pieces = [`GET /v2 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${context.token}\r\n\r\n`]
    expect([target.name, (await sendRaw(target, { pieces })).statuses.length]).toEqual([target.name, 1])
  }
  // Nothing of the uploads that were cut off is kept, and every connection is closed again.
  expect((await admin.call('GET', `${context.artifact}-cut`)).status).toBe(404)
  const incoming = join(world.kernel.config.data, 'blobs', 'default', 'incoming')
  await expect.poll(() => readdirSync(incoming), { timeout: 5000 }).toEqual([])
  await expect.poll(() => connections(), { timeout: 5000 }).toBe(0)
}, 30_000)

test('a request whose body nobody wants is cut off when the body does not end', async () => {
  const head = 'POST /deployments/d/predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900000000\r\n\r\n'
  const target = targets[1] as RawTarget
  const answer = await sendRaw(target, { pieces: [head, ...Array<Buffer>(80).fill(Buffer.alloc(2 ** 20))], answers: 9 })
  expect([answer.statuses, answer.closed]).toEqual([[401], true])
})

const connections = (): Promise<number> =>
  new Promise((resolve) => world.app.server.getConnections((_error: unknown, count: number) => resolve(count)))
