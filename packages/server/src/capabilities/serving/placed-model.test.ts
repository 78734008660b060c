import { randomBytes } from 'node:crypto'
import { createS3Place, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import expected from '../../drivers/onnx/fixtures/expected.json' with { type: 'json' }
import type { Serving } from './index.ts'
import { gatewayClient, registerFixtures, startServing } from './testing/serving-world.ts'

let world: World
let serving: Serving
beforeAll(async () => {
  world = await createWorld({ configuration: { egressAllow: '127.0.0.1' } })
  serving = startServing(world)
})
afterAll(async () => {
  await serving.stop({ keepGateway: false })
  await world.close()
})

test('a model that lies in a place of its project is deployed and answers', async () => {
  const address = `${(await createS3Place()).files}/${randomBytes(6).toString('hex')}`
  const admin = await world.as('admin')
  const set = await admin.call('PUT', '/api/v1/projects/default/content-place', { kind: 'http', address })
  expect(set.status, set.text).toBe(200)
  await registerFixtures(world, (await world.as('contributor')).scope)
  const { scope, token } = await world.as('maintainer')
  const { release } = await serving.deploy(scope, { name: 'placed', model: 'late/1', reason: 'first' })
  const { digest } = release.manifest.file
  expect(await world.kernel.ownBlobs.has('default', digest)).toBe(false)
  const [row] = expected.columns.rows
  const answer = await gatewayClient(serving, token).post('/deployments/placed/predict', { inputs: row })
  expect([answer.status, answer.json.predictions[0].outputs.label]).toEqual([200, expected.columns.label[0]])
})
