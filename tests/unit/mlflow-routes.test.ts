import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Every route of a real MLflow server, its basic-auth application too, as `npm run record:mlflow` writes them down. */
const recording = join(import.meta.dirname, '../conformance/mlflow/record/recordings/routes.json')
/** MLflow's own pages and their files, and the forms that only they send. */
const pages = /^GET \/(static-files|build|signup|$)|\/users\/create-ui$/

let world: World
let client: Client
let routes: string[]

beforeAll(async () => {
  world = await createWorld({})
  client = await world.as('maintainer')
  routes = (JSON.parse(await readFile(recording, 'utf8')) as string[]).filter((route) => !pages.test(route))
}, 60_000)
afterAll(() => world.close())

test('every route of a real MLflow server is answered here, and what is not there is told at once by 501', async () => {
  const unknown: string[] = []
  let absent = 0
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ')
    const url = path.replaceAll(/\{[^{}]*\}/g, 'nobody-has-this')
    const { status, json } = await client.call(method as 'GET', url, method === 'GET' ? undefined : {})
    if (
      json?.error_code === 'ENDPOINT_NOT_FOUND' ||
      json?.code === 'HTTP.ROUTE_NOT_FOUND' ||
      (status >= 500 && status !== 501)
    )
      unknown.push(`${route}: ${status} ${json?.message ?? json?.error?.message ?? ''}`)
    if (status === 501) absent += 1
  }
  expect(unknown).toEqual([])
  expect([routes.length > 500, absent > 150]).toEqual([true, true])
})

test('who may not call at all does not learn what there is', async () => {
  const answer = await world.app.inject({
    method: 'POST',
    url: '/api/3.0/mlflow/gateway/secrets/create',
    headers: { host: 'localhost' },
  })
  expect(answer.statusCode).toBe(401)
})
