import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
let writer: Client
let run: string
let version: string
const artifacts = '/api/2.0/mlflow-artifacts/artifacts'
const mlflow = async (path: string, body: unknown) => (await writer.call('POST', `/api/2.0/mlflow/${path}`, body)).json

beforeAll(async () => {
  world = await createWorld({})
  writer = await world.as('contributor')
  run = (await mlflow('runs/create', { experiment_id: '0' })).run.info.run_id
  await writer.call('PUT', `${artifacts}/0/${run}/artifacts/model/weights.txt`, 'three')
  await mlflow('registered-models/create', { name: 'm' })
  const made = await mlflow('model-versions/create', { name: 'm', source: `runs:/${run}/model`, run_id: run })
  const uri = `/api/2.0/mlflow/model-versions/get-download-uri?name=m&version=${made.model_version.version}`
  version = String((await writer.call('GET', uri)).json.artifact_uri).replace(/^mlflow-artifacts:\/+/, '')
}, 60_000)
afterAll(() => world.close())

test('files of a model version are read with the right to read models, not with that to read runs alone', async () => {
  expect((await writer.call('GET', `${artifacts}/${version}/weights.txt`)).text).toBe('three')
  const { secret } = await world.capabilities.access.createToken(writer.principal, {
    principalId: writer.principal.id,
    name: 'runs only',
    project: 'default',
    permissions: ['run:read', 'project:read'],
  })
  const authorization = `Bearer ${secret}`
  const asked = (path: string) => writer.call('GET', path, undefined, { authorization })
  expect((await asked(`${artifacts}/0/${run}/artifacts/model/weights.txt`)).text).toBe('three')
  for (const path of [`${artifacts}/${version}/weights.txt`, `${artifacts}?path=${version}`])
    expect([path, (await asked(path)).status]).toEqual([path, 403])
})

test('an artifact is written, read and removed under its own experiment only', async () => {
  const { experiment_id: other } = await mlflow('experiments/create', { name: 'another' })
  const wrong = `${artifacts}/${other}/${run}/artifacts/model/weights.txt`
  for (const method of ['PUT', 'GET', 'DELETE'] as const)
    expect([method, (await writer.call(method, wrong, method === 'PUT' ? 'four' : undefined)).status]).toEqual([
      method,
      404,
    ])
  expect((await writer.call('GET', `${artifacts}/0/${run}/artifacts/model/weights.txt`)).text).toBe('three')
})
