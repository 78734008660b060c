import { createWorld } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'

const world = await createWorld({})
afterAll(() => world.close())

test('the schemas of events are read by whoever is signed in, all or one', async () => {
  const viewer = await world.as('viewer')
  const { json } = await viewer.call('GET', '/api/v1/events/schemas')
  const names = (json.schemas as { name: string }[]).map(({ name }) => name)
  expect(names).toContain('release.activated')
  const one = await viewer.call('GET', '/api/v1/events/schemas/run.deleted/1')
  expect(one.json).toMatchObject({ type: 'object', required: ['name'], properties: { name: { type: 'string' } } })
  expect((await viewer.call('GET', '/api/v1/events/schemas/run.deleted/9')).json.code).toBe('EVENT.SCHEMA_NOT_FOUND')
  const anonymous = await world.app.inject({ url: '/api/v1/events/schemas', headers: { host: 'localhost' } })
  expect(anonymous.statusCode).toBe(401)
})
