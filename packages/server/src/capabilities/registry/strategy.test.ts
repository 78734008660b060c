import { describeEachDatabase } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { savePipeline } from '../pipelines/pipelines.fixture.ts'
import { matches } from './strategy.ts'

const mlmodel = `flavors:
  onnx: {data: model.onnx, onnx_version: 1.20.0}
signature:
  inputs: '[{"type": "double", "name": "distance", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
`

describe('a name pattern', () => {
  test.each([
    ['ops-*', 'ops-delay', true],
    ['ops-*', 'ops', false],
    ['*', 'anything', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['exact', 'exactly', false],
  ])('%s and %s: %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected))

  test('takes no longer for one that would be expensive as an expression', () => {
    const started = performance.now()
    expect(matches(`${'*a'.repeat(100)}*b`, 'a'.repeat(256))).toBe(false)
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describeEachDatabase('how a project manages its models', ({ world }) => {
  const place = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const admin = await world.as('admin', project)
    const { tracking } = world.capabilities
    const run = await tracking.createRun(client.scope, {
      experiment: '0',
      name: 'train',
      user: '',
      startTime: 1,
      tags: [],
    })
    for (const [path, content] of [
      ['model/MLmodel', mlmodel],
      ['model/model.onnx', 'onnx bytes'],
      ['bare/model.onnx', 'onnx bytes'],
    ] as const)
      await tracking.putArtifact(client.scope, { kind: 'run', id: run.id }, path, Buffer.from(content))
    const api = `/api/v1/projects/${project}`
    const register = (model: string, body: Record<string, unknown> = {}, path = 'model') =>
      client.call('POST', `${api}/models/${model}/versions`, { run: run.id, path, ...body })
    const alias = (model: string, name: string, version: number) =>
      client.call('PUT', `${api}/models/${model}/aliases/${name}`, { version })
    return { project, client, admin, api, register, alias }
  }
  const strategy = {
    names: ['ops-*'],
    tags: [{ key: 'owner' }, { key: 'risk', values: ['low', 'high'] }],
    require: ['description', 'run', 'signature'],
    aliases: ['shadow'],
    labelNew: true,
    replacement: ['gate'],
  }

  test('without a strategy everything goes, and only an administrator of the project sets one', async () => {
    const { client, api, register } = await place()
    expect((await client.call('GET', `${api}/model-strategy`)).json).toMatchObject({ names: [], tags: [] })
    expect((await register('free', {}, 'bare')).status).toBe(201)
    expect((await client.call('PUT', `${api}/model-strategy`, strategy)).status).toBe(403)
  })

  test('names, mandatory metadata and labels are enforced where a version is registered, each problem named', async () => {
    const { client, admin, api, register, alias, project } = await place()
    expect((await admin.call('PUT', `${api}/model-strategy`, strategy)).status).toBe(200)
    const name = await register('delay', {}, 'bare')
    expect([name.status, name.json.code]).toEqual([400, 'REGISTRY.AGAINST_STRATEGY'])
    expect(name.json.detail).toContain('The name "delay"')
    expect((await client.call('POST', `${api}/models`, { name: 'delay' })).json.code).toBe('REGISTRY.AGAINST_STRATEGY')
    const bare = await register('ops-delay', { tags: { risk: 'some' }, alias: 'winner' }, 'bare')
    expect(bare.json.detail).toContain(
      'Tag "owner" is missing. Tag "risk" is "some", not low or high. A description is missing. Its signature is missing. Alias "winner" is not one of champion, challenger, shadow.',
    )
    expect((await client.call('GET', `${api}/models`)).json.models).toEqual([])
    // MLflow's client is told the same.
    const made = await client.call('POST', '/api/2.0/mlflow/registered-models/create', { name: 'delay' })
    expect(made.status).toBe(400)

    const good = await register('ops-delay', { tags: { owner: 'ana', risk: 'low' }, description: 'Arrival delay.' })
    expect(good.status, good.text).toBe(201)
    expect(good.json.aliases).toEqual(['challenger'])
    // What the model says counts for its versions.
    await client.call('PATCH', `${api}/models/ops-delay`, {
      description: 'Arrival delay.',
      tags: { owner: 'ana', risk: 'high' },
    })
    expect((await register('ops-delay')).json).toMatchObject({ version: 2, aliases: ['challenger'] })

    expect((await alias('ops-delay', 'best', 1)).json.code).toBe('REGISTRY.AGAINST_STRATEGY')
    const early = await alias('ops-delay', 'champion', 2)
    expect([early.status, early.json.code]).toEqual([409, 'REGISTRY.NOT_PROMOTABLE'])
    expect(early.json.detail).toContain('asks for a gate that has passed')
    await world.kernel.db.write
      .transaction()
      .execute((trx) =>
        trx
          .updateTable('model_version')
          .set({ gate: 'passed' })
          .where('project_id', '=', project)
          .where('version', '=', 2)
          .execute(),
      )
    expect((await alias('ops-delay', 'champion', 2)).status).toBe(200)
    await world.settled(project)
    const { events } = (await client.call('GET', `${api}/events?name=model-strategy.set`)).json
    expect(events[0]).toMatchObject({
      by: admin.principal.id,
      data: { before: { names: [] }, strategy: { names: ['ops-*'] } },
    })
  })

  test('a productive model without retraining criteria cannot be promoted; a trigger or words are criteria', async () => {
    const { client, api, register, alias } = await place()
    for (const model of ['rain', 'snow']) await register(model)
    expect((await alias('rain', 'champion', 1)).status).toBe(200)
    const policy = (model: string, body: object) => client.call('PUT', `${api}/models/${model}/policy`, body)
    expect((await policy('rain', {})).status).toBe(400)
    expect((await policy('rain', { productive: true })).json.policy).toEqual({
      approval: 'none',
      productive: true,
      retraining: null,
    })
    await register('rain')
    const refused = await alias('rain', 'champion', 2)
    expect([refused.status, refused.json.code]).toEqual([409, 'REGISTRY.NOT_PROMOTABLE'])
    expect(refused.json.detail).toContain('nothing says when it is retrained')
    const { registry } = world.capabilities
    await expect(registry.requireDeployable(client.scope, 'rain/2')).rejects.toMatchObject({
      code: 'REGISTRY.NOT_DEPLOYABLE',
      message: expect.stringContaining('nothing says when it is retrained'),
    })
    expect((await client.call('GET', `${api}/models/rain/versions/2`)).json.missing).toHaveLength(1)
    expect((await client.call('GET', `${api}/models/rain/retraining`)).json).toMatchObject({
      triggers: [],
      warnings: [expect.stringContaining('trivium models policy rain')],
    })
    const definition = (triggers: string) => ({
      name: 'train',
      yaml: `name: train
params: { model: rain }
steps:
  make: { kind: command, run: ["true"], out: { model: directory } }
  register: { kind: register, in: { model: steps.make.model }, with: { model: "\${params.model}" } }
${triggers}`,
    })
    expect((await savePipeline(client, definition(''))).status).toBe(200)
    expect((await alias('rain', 'champion', 2)).status).toBe(409)
    await savePipeline(client, definition('triggers: [{ name: weekly, schedule: 7d }]'))
    expect((await alias('rain', 'champion', 2)).status).toBe(200)
    world.time.now += 3 * 86_400_000
    expect((await client.call('GET', `${api}/models/rain/retraining`)).json).toMatchObject({
      productive: true,
      triggers: [{ pipeline: 'train', name: 'weekly', cadence: { everyMs: 7 * 86_400_000, lastRun: null } }],
      version: 2,
      ageMs: 3 * 86_400_000,
      lastOutcome: null,
      warnings: [],
    })
    await policy('snow', { productive: true, retraining: 'Each November, by hand, when the season begins.' })
    expect((await alias('snow', 'champion', 1)).status).toBe(200)
    expect((await policy('snow', { retraining: null })).json.policy).toMatchObject({
      productive: true,
      retraining: null,
    })
    expect((await alias('snow', 'champion', 1)).status).toBe(409)
  })
})
