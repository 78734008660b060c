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
    return { project, client, admin, api, register, alias, run: run.id }
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
    expect(name.json.detail).toContain('The name "delay" is none of "ops-*". Tag "owner" is missing.')
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
    // Champion and challenger are two versions: who wins is challenger no more.
    expect((await alias('ops-delay', 'champion', 2)).json.aliases).toEqual([{ alias: 'champion', version: 2 }])
    await world.settled(project)
    const { events } = (await client.call('GET', `${api}/events?name=model-strategy.set`)).json
    expect(events[0]).toMatchObject({
      by: admin.principal.id,
      data: { before: { names: [] }, strategy: { names: ['ops-*'] } },
    })
  })

  test('formats, pickles, dataset, licence and owner are asked for, all at once, also by a check that registers nothing and by the client of MLflow', async () => {
    const { client, admin, api, register, run } = await place()
    const { tracking } = world.capabilities
    const asked = {
      names: [],
      tags: [],
      aliases: null,
      labelNew: false,
      replacement: [],
      require: ['dataset', 'licence', 'owner'],
      formats: ['onnx'],
      forbidPickle: true,
    }
    expect((await admin.call('PUT', `${api}/model-strategy`, asked)).status).toBe(200)
    const pickle = Buffer.from('80049507000000000000007d948c0161944b01732e', 'hex')
    await tracking.putArtifact(
      client.scope,
      { kind: 'run', id: run },
      'sk/MLmodel',
      Buffer.from('flavors: {sklearn: {}, python_function: {}}'),
    )
    await tracking.putArtifact(client.scope, { kind: 'run', id: run }, 'sk/weights.bin', pickle)
    const problems = [
      'No dataset is on record that it was trained on: log it with mlflow.log_input.',
      'Its licence is missing: tag "licence".',
      'Its owner is missing: tag "owner".',
      'Its format is sklearn, not onnx.',
      'It holds Python pickles, which run code when they are loaded: weights.bin (it holds a pickle).',
    ]
    const refused = await register('delay', {}, 'sk')
    expect([refused.status, refused.json.detail]).toEqual([400, expect.stringContaining(problems.join(' '))])
    const check = (body: object) => client.call('POST', `${api}/models/delay/version-check`, { run, ...body })
    expect((await check({ path: 'sk' })).json).toEqual({ accepted: false, problems })
    await client.call('POST', `${api}/models`, { name: 'delay' })
    const source = `runs:/${run}/sk`
    const theirs = await client.call('POST', '/api/2.0/mlflow/model-versions/create', {
      name: 'delay',
      source,
      run_id: run,
    })
    expect([theirs.status, theirs.json]).toMatchObject([
      400,
      { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(problems.join(' ')) },
    ])
    await tracking.logInputs(client.scope, run, {
      datasets: [
        { name: 'flights', digest: 'd1', sourceType: 'local', source: '{}', schema: null, profile: null, tags: [] },
      ] as never,
      models: [],
    })
    const good = { tags: { license: 'MIT', owner: 'ana' } }
    expect((await check({ path: 'model', ...good })).json).toEqual({ accepted: true, problems: [] })
    expect((await client.call('GET', `${api}/models/delay`)).json.versions).toBe(0)
    expect((await register('delay', good)).status).toBe(201)
  })

  test('a protected alias is set, moved and removed only by who may, with a reason and an approval where they are asked for', async () => {
    const { client, admin, api, register, alias, project, run } = await place()
    const contributor = await world.as('contributor', project)
    const open = { names: [], tags: [], require: [], aliases: null, labelNew: false, replacement: [] }
    const protect = (protection: object) =>
      admin.call('PUT', `${api}/model-strategy`, { ...open, protected: [{ alias: 'champion', ...protection }] })
    await register('rain')
    await register('rain')
    const of = (who: typeof client, method: 'PUT' | 'DELETE', body?: object) =>
      who.call(method, `${api}/models/rain/aliases/champion`, body)
    // Nothing is protected where nobody said so.
    expect((await of(contributor, 'PUT', { version: 1 })).status).toBe(200)
    expect((await protect({ permission: 'deployment:write', reason: true })).status).toBe(200)
    const protectedFrom = async (answer: Promise<{ status: number; json: { code: string } }>) => {
      const { status, json } = await answer
      expect([status, json.code]).toEqual([403, 'REGISTRY.ALIAS_PROTECTED'])
    }
    await protectedFrom(of(contributor, 'PUT', { version: 2, reason: 'better' }))
    await protectedFrom(of(contributor, 'DELETE'))
    await protectedFrom(contributor.call('DELETE', `${api}/models/rain/versions/1`))
    await protectedFrom(contributor.call('DELETE', `${api}/models/rain`))
    const registered = { run, path: 'model', alias: 'champion' }
    await protect({ permission: 'deployment:write' })
    await protectedFrom(contributor.call('POST', `${api}/models/rain/versions`, registered))
    await protect({ permission: 'deployment:write', reason: true })
    expect((await contributor.call('PUT', `${api}/models/rain/aliases/shadow`, { version: 2 })).status).toBe(200)
    const silent = await alias('rain', 'champion', 2)
    expect([silent.status, silent.json.detail]).toEqual([400, expect.stringContaining('A reason is missing')])
    expect((await of(client, 'PUT', { version: 2, reason: 'better in winter' })).status).toBe(200)
    await protect({ permission: 'deployment:write', approval: true })
    const early = await of(client, 'PUT', { version: 1 })
    expect([early.status, early.json.code]).toEqual([409, 'REGISTRY.NOT_APPROVED'])
    await protect({ permission: 'project:admin' })
    await protectedFrom(of(client, 'DELETE'))
    expect((await of(admin, 'DELETE')).status).toBe(200)
    await world.settled(project)
    const { events } = (await client.call('GET', `${api}/events?name=model.alias-set`)).json
    expect(events.map((one: { data: { reason?: string } }) => one.data.reason)).toContain('better in winter')
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
