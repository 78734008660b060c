import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contents } from './make-request.ts'
import { fillProject } from './fill-project.ts'
import { type Finding, runFuzz } from './run-fuzz.ts'
import { createPool } from './sample-schema.ts'

const pool = createPool()
let world: World
let contents: Contents

beforeAll(async () => {
  world = await createWorld({})
  contents = await fillProject(world, await world.as('instance-admin'), pool, { serve: false })
}, 60_000)
afterAll(() => world.close())

/** Requests that once were answered with 5xx, hung, or broke something. */
const once: readonly { method: 'GET' | 'PUT' | 'POST' | 'HEAD'; url: string; body?: string; status: number }[] = [
  { method: 'GET', url: '/assets/a%00b', status: 404 },
  { method: 'GET', url: `/assets/${'x'.repeat(300)}`, status: 404 },
  { method: 'GET', url: '/api/v1/projects/default/monitors/m/windows/8640000000000001', status: 400 },
  {
    method: 'GET',
    url: '/api/v1/projects/default/monitors/m/distribution?feature=a&start=8640000000000001',
    status: 400,
  },
  { method: 'POST', url: '/api/v1/projects/default/watermark', body: '{"to":9007199254740991}', status: 400 },
  { method: 'GET', url: '/api/2.0/mlflow-artifacts/artifacts?path=a&path=b', status: 400 },
  {
    method: 'PUT',
    url: '/api/v1/projects/default/feature-views/v',
    body: '{"keys":["k"],"columns":{},"window":"1h","features":{"\\u2028":null}}',
    status: 400,
  },
  {
    method: 'POST',
    url: '/api/2.0/mlflow/runs/search',
    body: `{"filter":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    status: 400,
  },
  { method: 'HEAD', url: '/api/v1/projects/default/events/stream', status: 200 },
]

test.each(once)('$method $url is answered with $status', async ({ method, url, body, status }) => {
  const { token } = await world.as('instance-admin')
  const answer = await world.app.inject({
    method,
    url,
    headers: { host: 'localhost', authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { payload: body }),
  })
  expect([answer.statusCode, answer.body.slice(0, 300)]).toEqual([status, expect.anything()])
})

test('whatever is sent to a route made from its schema, nothing is answered with 5xx and nothing hangs', async () => {
  const findings: Finding[] = []
  const rejections: unknown[] = []
  const note = (error: unknown): void => void rejections.push(error)
  process.on('unhandledRejection', note)
  const requests = 700
  const statuses = await runFuzz({
    world,
    pool,
    contents,
    clients: [() => world.as('instance-admin'), () => world.as('viewer'), () => world.as('contributor')],
    seed: 20,
    over: (sent) => sent >= requests,
    onFinding: (finding) => findings.push(finding),
  })
  process.off('unhandledRejection', note)
  expect(findings).toEqual([])
  expect(rejections).toEqual([])
  expect([...statuses.values()].reduce((sum, count) => sum + count)).toBe(requests)
  // Proof that it gets through to the capabilities, and that it is stopped where it is wrong.
  expect(statuses.get(200)).toBeGreaterThan(requests / 10)
  expect(statuses.get(400)).toBeGreaterThan(requests / 10)
}, 60_000)
