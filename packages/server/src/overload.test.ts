import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeHttp } from './compose.ts'
import { loadLimits } from './kernel/http/index.ts'

let world: World
let client: Client
let run: string
const at = '/api/v1/projects/default'

beforeAll(async () => {
  world = await createWorld({})
  client = await world.as('maintainer')
  run = (await client.call('POST', '/api/2.0/mlflow/runs/create', {})).json.run.info.run_id
  await world.app.listen({ host: '127.0.0.1', port: 0 })
}, 60_000)
afterAll(async () => {
  world.app.server.closeAllConnections()
  await world.close()
})

/** An upload that begins and does not end until it is told to. */
function openUpload(port: number, name: string): { answered: Promise<number>; end(): void } {
  const sent = httpRequest({
    port,
    method: 'PUT',
    path: `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`,
    headers: { authorization: `Bearer ${client.token}` },
    agent: false,
  })
  const answered = new Promise<number>((resolve) => {
    sent.on('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.on('error', () => resolve(0))
  })
  sent.write('a\n1\n')
  return { answered, end: () => sent.end() }
}

test('health, signing in, acknowledging and logging answer while uploads and searches take all their places', async () => {
  const { port } = world.app.server.address() as AddressInfo
  const uploads = Array.from({ length: 70 }, (_, n) => openUpload(port, `flood-${n}`))
  const running = async (load: string): Promise<number> => {
    const { text } = await client.call('GET', '/metrics')
    return Number(new RegExp(`trivium_requests_running\\{load="${load}"\\} (\\d+)`).exec(text)?.[1])
  }
  await expect.poll(() => running('upload'), { timeout: 10_000 }).toBe(64)
  const searches = Array.from({ length: 400 }, () =>
    client.call('POST', '/api/2.0/mlflow/runs/search', { experiment_ids: ['0'], max_results: 1000 }),
  )
  const { secret } = await world.capabilities.access.createLoginLink(client.principal, client.principal.id)
  const [health, ready, login, logged, acknowledged] = await Promise.all([
    client.call('GET', '/healthz'),
    client.call('GET', '/readyz'),
    client.call('POST', '/api/v1/login', { token: secret }),
    client.call('POST', '/api/2.0/mlflow/runs/log-batch', {
      run_id: run,
      metrics: [{ key: 'loss', value: 1, timestamp: 1, step: 1 }],
    }),
    // That there is no such alert is an answer of the capability: the request was let in.
    client.call('POST', `${at}/alerts/alr_none/acknowledgement`, {}),
  ])
  expect([health.status, ready.status, login.status, logged.status, acknowledged.status]).toEqual([
    200, 200, 200, 200, 404,
  ])
  // 24 ran, 256 waited; the others were told at once, and when to come again.
  const answers = await Promise.all(searches)
  const refused = answers.filter((one) => one.status === 503)
  expect(refused).toHaveLength(400 - 24 - 256)
  expect(refused[0]?.headers['retry-after']).toBe('5')
  expect(refused[0]?.json.error_code).toBe('TEMPORARILY_UNAVAILABLE')
  expect(answers.filter((one) => one.status === 200)).toHaveLength(280)
  for (const upload of uploads) upload.end()
  const ends = await Promise.all(uploads.map((upload) => upload.answered))
  expect(ends.filter((status) => status !== 200)).toEqual([])
  expect(await running('upload')).toBe(0)
  expect(await running('heavy')).toBe(0)
})

test('whoever logs more than there is room for is told to slow down, in both protocols and by every prefix, and nothing of it was done', async () => {
  const none = { atOnce: 0, waiting: 0 }
  const app = composeHttp(world.kernel, world.capabilities, {
    allowedHosts: () => new Set(['localhost']),
    loadLimits: { ...loadLimits, log: none },
  })
  const ask = (url: string, payload: object) =>
    app.inject({
      method: 'POST',
      url,
      payload,
      headers: { authorization: `Bearer ${client.token}`, host: 'localhost' },
    })
  const point = { run_id: run, key: 'refused', value: 1, timestamp: 1, step: 1 }
  for (const [path, body] of [
    ['/api/2.0/mlflow/runs/log-metric', point],
    ['/api/2.0/mlflow/runs/log-batch', { run_id: run, metrics: [point] }],
    ['/ajax-api/3.0/mlflow/runs/log-batch', { run_id: run, metrics: [point] }],
    ['/v1/traces', {}],
    [`${at}/deployments/none/labels`, { labels: [] }],
    [`${at}/runs/${run}/histograms`, { histograms: [] }],
    [`${at}/runs/${run}/recovered-points`, { points: [] }],
  ] as const) {
    const answer = await ask(path, body)
    expect([path, answer.statusCode, answer.headers['retry-after']]).toEqual([path, 429, '5'])
  }
  const { metrics } = await world.capabilities.tracking.runDetail(client.scope, run)
  expect(metrics.map(({ key }) => key)).not.toContain('refused')
  // What is no logging is not told that it is its fault.
  const other = composeHttp(world.kernel, world.capabilities, {
    allowedHosts: () => new Set(['localhost']),
    loadLimits: { ...loadLimits, heavy: none },
  })
  const search = await other.inject({
    method: 'POST',
    url: '/api/2.0/mlflow/runs/search',
    payload: {},
    headers: { authorization: `Bearer ${client.token}`, host: 'localhost' },
  })
  expect(search.statusCode).toBe(503)
  await app.close()
  await other.close()
})
