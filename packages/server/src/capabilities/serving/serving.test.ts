import { describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import expected from '../../drivers/onnx/fixtures/expected.json' with { type: 'json' }
import type { StepContext } from '../../kernel/ports/index.ts'
import { deployStep, type Serving } from './index.ts'
import { gatewayClient, recordsOf, registerFixtures, startServing } from './testing/serving-world.ts'

const [row] = expected.columns.rows
const [before] = expected.columns.probabilities
const [after] = expected['columns-2'].probabilities

describeEachDatabase('deployments', ({ world }) => {
  let serving: Serving
  beforeAll(async () => {
    await registerFixtures(world, (await world.as('contributor')).scope)
    serving = startServing(world)
  })
  afterAll(() => serving.stop({ keepGateway: false }))

  test('a deployed version answers, and its release holds all that answers', async () => {
    const { scope, token } = await world.as('maintainer')
    const { deployment, release } = await serving.deploy(scope, { name: 'arrival', model: 'late/1', reason: 'first' })
    expect(deployment).toMatchObject({ name: 'arrival', state: 'ready', problem: null, previous: null })
    expect(release).toMatchObject({
      number: 1,
      active: true,
      manifest: { model: 'late', version: 1, evidence: [], features: [], featureNames: [] },
    })
    expect(deployment.inputs.map(({ name, type }) => [name, type])).toEqual([
      ['origin', 'string'],
      ['distance', 'number'],
      ['hour', 'integer'],
      ['recent_delay', 'number'],
    ])
    const answer = await gatewayClient(serving, token).post('/deployments/arrival/predict', {
      inputs: row,
      id: 'flight-1',
      eventTime: '2001-02-03T04:05:06Z',
    })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ deployment: 'arrival', release: release.id, model: 'late', version: 1 })
    expect(answer.json.predictions[0].outputs.label).toBe(expected.columns.label[0])
    expect(answer.json.predictions[0].outputs.probabilities_1).toBeCloseTo(before?.[1] ?? Number.NaN, 5)
    const [record] = await recordsOf(world, 'default', 'arrival')
    expect(record).toMatchObject({
      id: 'flight-1',
      project: 'default',
      deployment: 'arrival',
      release: release.id,
      model: 'late',
      version: 1,
      eventTime: Date.UTC(2001, 1, 3, 4, 5, 6),
      inputs: row,
      features: {},
      outputs: answer.json.predictions[0].outputs,
    })
  })

  test('what answers is in the graph: version, release, deployment', async () => {
    const { scope } = await world.as('maintainer')
    const { release } = await serving.deploy(scope, { name: 'graph', model: 'late/1' })
    await world.kernel.sequencer.flush()
    const events = await world.kernel.events.readAfter(world.kernel.db.read, 0, 1000)
    const event = events.find((one) => one.subject === release.urn)
    expect(event).toMatchObject({
      name: 'release.activated',
      data: { deployment: 'graph', number: 1, version: 1, previous: null },
    })
    expect(event?.refs).toEqual([
      { rel: 'input', urn: 'trivium://default/model/late@1', as: 'deploys' },
      { rel: 'output', urn: 'trivium://default/deployment/graph', as: 'serves' },
    ])
  })

  test('deploying again moves the pointer, and rolling back moves it to the release before', async () => {
    const { scope, token } = await world.as('maintainer')
    const client = gatewayClient(serving, token)
    const first = await serving.deploy(scope, { name: 'pointer', model: 'late/1' })
    const second = await serving.deploy(scope, { name: 'pointer', model: 'late/2' })
    expect(second.deployment.previous?.id).toBe(first.release.id)
    const probability = async () =>
      (await client.post('/deployments/pointer/predict', { inputs: row })).json.predictions[0].outputs
        .probabilities_1 as number
    expect(await probability()).toBeCloseTo(after?.[1] ?? Number.NaN, 5)
    const back = await serving.rollBack(scope, 'pointer', { reason: 'worse' })
    expect(back.release.id).toBe(first.release.id)
    expect(await probability()).toBeCloseTo(before?.[1] ?? Number.NaN, 5)
    expect(back.deployment.activations.map(({ kind, version, reason }) => [kind, version, reason])).toEqual([
      ['rollback', 1, 'worse'],
      ['deploy', 2, null],
      ['deploy', 1, null],
    ])
    // Forward again is the same move.
    expect((await serving.rollBack(scope, 'pointer', {})).release.id).toBe(second.release.id)
    await expect(serving.rollBack(scope, 'pointer', { release: second.release.id })).rejects.toMatchObject({
      code: 'SERVING.ALREADY_ACTIVE',
    })
    await world.kernel.sequencer.flush()
    const names = (await world.kernel.events.readAfter(world.kernel.db.read, 0, 1000))
      .filter((event) => event.data['deployment'] === 'pointer')
      .map((event) => event.name)
    expect(names).toEqual(['release.activated', 'release.activated', 'release.rolled-back', 'release.rolled-back'])
  })

  test('deploying what is served already makes no second release', async () => {
    const { scope } = await world.as('maintainer')
    const first = await serving.deploy(scope, { name: 'same', model: 'late/1' })
    expect((await serving.deploy(scope, { name: 'same', model: 'late/1' })).release.id).toBe(first.release.id)
    expect(await serving.releases(scope, 'same')).toHaveLength(1)
  })

  test('deploys at once get consecutive numbers', async () => {
    const { scope } = await world.as('maintainer')
    const made = await Promise.all(
      ['late/1', 'late/2', 'matrix/1'].map((model) => serving.deploy(scope, { name: 'crowd', model })),
    )
    expect(made.map(({ release }) => release.number).toSorted()).toEqual([1, 2, 3])
  })

  test('a version without ONNX, one with a ZipMap and a first roll back say why not', async () => {
    const { scope } = await world.as('maintainer')
    await expect(serving.deploy(scope, { name: 'no', model: 'script/1' })).rejects.toThrow(
      /only ONNX models can be served so far/,
    )
    await expect(serving.deploy(scope, { name: 'no', model: 'zipmap/1' })).rejects.toThrow(
      /options=\{"zipmap": False\}/,
    )
    await expect(serving.deploy(scope, { name: 'no', model: 'broken/1' })).rejects.toMatchObject({
      code: 'MODEL.NOT_READABLE',
    })
    await expect(serving.deploy(scope, { name: 'no', model: 'late/99' })).rejects.toMatchObject({ status: 404 })
    await world.capabilities.registry.setPolicy((await world.as('admin')).scope, 'matrix', { approval: 'required' })
    await expect(serving.deploy(scope, { name: 'no', model: 'matrix/1' })).rejects.toMatchObject({ status: 409 })
    await world.capabilities.registry.setPolicy((await world.as('admin')).scope, 'matrix', { approval: 'none' })
    await expect(serving.get(scope, 'no')).rejects.toMatchObject({ code: 'SERVING.DEPLOYMENT_NOT_FOUND' })
    await serving.deploy(scope, { name: 'lonely', model: 'late/1' })
    await expect(serving.rollBack(scope, 'lonely', {})).rejects.toMatchObject({ code: 'SERVING.NOTHING_BEFORE' })
  })

  test('a retired deployment answers 404 and comes back with the next deploy', async () => {
    const { scope, token } = await world.as('maintainer')
    const client = gatewayClient(serving, token)
    await serving.deploy(scope, { name: 'gone', model: 'late/1' })
    await serving.retire(scope, 'gone')
    expect((await client.post('/deployments/gone/predict', { inputs: row })).status).toBe(404)
    expect((await serving.list(scope, { retired: false })).map((one) => one.name)).not.toContain('gone')
    expect((await serving.list(scope, { retired: true })).find((one) => one.name === 'gone')?.state).toBe('retired')
    const { release } = await serving.deploy(scope, { name: 'gone', model: 'late/1' })
    expect(release.number).toBe(2)
    expect((await client.post('/deployments/gone/predict', { inputs: row })).status).toBe(200)
  })

  test('another project has its own names and sees nothing of this one', async () => {
    const project = await world.makeProject()
    const { scope: own } = await world.as('maintainer')
    await serving.deploy(own, { name: 'secret', model: 'late/1' })
    const { scope, token } = await world.as('maintainer', project)
    await expect(serving.get(scope, 'secret')).rejects.toMatchObject({ status: 404 })
    const answer = await gatewayClient(serving, token).post('/deployments/secret/predict', { inputs: row })
    expect(answer.status).toBe(404)
    expect(answer.json.detail).toBe(`There is no deployment "secret" in project "${project}".`)
  })

  test('a try answers without a record and without a count', async () => {
    const { scope } = await world.as('maintainer')
    await serving.deploy(scope, { name: 'trial', model: 'late/1' })
    const tried = await serving.tryOut(scope, 'trial', { inputs: row ?? {} })
    expect(tried.predictions[0]?.outputs['probabilities_1']).toBeCloseTo(before?.[1] ?? Number.NaN, 5)
    expect(tried.latencyMicros).toBeGreaterThan(0)
    expect(await recordsOf(world, 'default', 'trial')).toEqual([])
    expect((await serving.get(scope, 'trial')).traffic.requests).toBe(0)
    await expect(serving.tryOut(scope, 'trial', { inputs: { ...row, distance: 'far' } })).rejects.toThrow(
      'distance must be a number; got "far".',
    )
  })

  test('traffic is counted by outcome', async () => {
    const { scope, token } = await world.as('maintainer')
    const client = gatewayClient(serving, token)
    await serving.deploy(scope, { name: 'counted', model: 'late/1' })
    await client.post('/deployments/counted/predict', { rows: [{ inputs: row }, { inputs: row }] })
    await client.post('/deployments/counted/predict', { inputs: {} })
    const { traffic } = await serving.get(scope, 'counted')
    expect(traffic).toMatchObject({ requests: 2, predictions: 2, refused: 1, failed: 0 })
    expect(traffic.p99Ms).toBeGreaterThan(0)
    expect(traffic.minutes.reduce((sum, minute) => sum + minute.predictions, 0)).toBe(2)
  })

  test('a pipeline deploys the version that it made', async () => {
    const { scope } = await world.as('maintainer')
    const step = deployStep(serving, world.capabilities.registry)
    expect(step.check({ deployment: 'stepped' })).toEqual([])
    expect(step.check({ deployment: 'stepped', colour: 'red' })[0]).toMatch(/It takes "deployment"/)
    const lines: string[] = []
    const context: StepContext = {
      scope,
      project: 'default',
      runId: 'prn_1',
      runUrn: 'trivium://default/pipeline-run/prn_1',
      pipeline: 'train',
      step: 'deploy',
      attempt: 1,
      actKey: 'prn_1/deploy',
      asOf: 1,
      parameters: {},
      evidence: [],
      inputs: { model: { kind: 'model', digest: 'f'.repeat(64), urn: 'trivium://default/model/late@2' } },
      startedBy: scope.principal,
      signal: new AbortController().signal,
      log: (line) => void lines.push(line),
      progress: () => {},
    }
    const { outputs, refs } = await step.run(context, { deployment: 'stepped', alias: 'champion' })
    const { current } = await serving.get(scope, 'stepped')
    expect(current?.manifest.version).toBe(2)
    expect(outputs['release']).toMatchObject({
      urn: current?.urn,
      value: { deployment: 'stepped', release: current?.id, number: 1 },
    })
    expect(refs).toEqual([{ rel: 'output', urn: current?.urn, as: 'deployed' }])
    expect(lines).toEqual(['stepped serves late version 2 as release 1.'])
    expect((await world.capabilities.registry.requireDeployable(scope, 'late@champion')).version).toBe(2)
    await expect(step.run({ ...context, inputs: {} }, { deployment: 'stepped' })).rejects.toThrow(
      /needs an input named "model"/,
    )
  })

  test('a deploy step that comes back after its server was killed neither deploys again nor undoes what people did since', async () => {
    const { scope } = await world.as('maintainer')
    const { registry } = world.capabilities
    const step = deployStep(serving, registry)
    const base = {
      scope,
      project: 'default',
      runId: 'prn_2',
      runUrn: 'trivium://default/pipeline-run/prn_2',
      pipeline: 'train',
      step: 'deploy',
      attempt: 1,
      actKey: 'prn_2/deploy',
      asOf: 1,
      parameters: {},
      evidence: [],
      startedBy: scope.principal,
      signal: new AbortController().signal,
      log: () => {},
      progress: () => {},
    }
    await serving.deploy(scope, { name: 'once', model: 'late/1' })
    await registry.setAlias(scope, 'late', 'once', 1)
    const inputs = { model: { kind: 'model' as const, digest: 'f'.repeat(64), urn: 'trivium://default/model/late@2' } }
    const settings = { deployment: 'once', alias: 'once' }
    const first = await step.run({ ...base, inputs }, settings)
    const again = await step.run({ ...base, inputs, attempt: 2 }, settings)
    expect(again.outputs).toEqual(first.outputs)
    expect(await serving.releases(scope, 'once')).toHaveLength(2)
    await serving.rollBack(scope, 'once', { reason: 'worse' })
    await registry.setAlias(scope, 'late', 'once', 1)
    const late = await step.run({ ...base, inputs, attempt: 3 }, settings)
    expect(late.outputs).toEqual(first.outputs)
    expect((await serving.get(scope, 'once')).current?.manifest.version).toBe(1)
    expect((await registry.requireDeployable(scope, 'late@once')).version).toBe(1)
    // Another run is another act.
    await step.run({ ...base, inputs, actKey: 'prn_3/deploy' }, settings)
    expect((await serving.get(scope, 'once')).current?.manifest.version).toBe(2)
    const events = await world.kernel.db.read
      .selectFrom('deployment_activation')
      .select('kind')
      .where('deployment', '=', 'once')
      .orderBy('seq')
      .execute()
    expect(events.map((event) => event.kind)).toEqual(['deploy', 'deploy', 'rollback', 'deploy'])
  })

  test('features of people are opened by the gateway, whose memory has the root of their keys; of an erased person there is no value', async () => {
    const { scope, token } = await world.as('maintainer')
    const { features } = world.capabilities
    await features.define(scope, 'guests', {
      keys: ['guest'],
      columns: { wait: 'number' },
      window: '3h',
      features: { waited: 'avg(wait)' },
      personal: ['guest', 'wait'],
      subjectColumn: 'guest',
    })
    const bound = [{ view: 'guests', keys: { guest: 'origin' }, outputs: { waited: 'recent_delay' } }]
    await serving.deploy(scope, { name: 'knows-guests', model: 'late/1', features: bound })
    const eventTime = Date.UTC(2001, 0, 15, 12)
    // The first row makes the root of the project, after the gateway was told all that there is.
    await features.push(scope, 'guests', [{ id: 'g', key: { guest: 'bream-3' }, eventTime, values: { wait: 15 } }])
    const client = gatewayClient(serving, token)
    const ask = async () => {
      const inputs = { origin: 'bream-3', distance: 800, hour: 12 }
      const { status, json } = await client.post('/deployments/knows-guests/predict', { inputs, eventTime })
      return [status, json.predictions?.[0]?.features ?? json.features ?? json.code]
    }
    await expect.poll(ask, { timeout: 10_000 }).toEqual([200, { recent_delay: 15 }])
    const admin = await world.as('admin')
    const erased = await admin.call('POST', '/api/v1/projects/default/subjects/erase', {
      subject: 'bream-3',
      confirm: 'bream-3',
      reason: 'Request 6',
    })
    expect(erased.status, erased.text).toBe(200)
    await expect.poll(ask, { timeout: 10_000 }).toEqual([400, 'PREDICT.NO_NUMBER'])
  }, 60_000)

  test('features are looked up as of the event time and recorded', async () => {
    const { scope, token } = await world.as('maintainer')
    const { features } = world.capabilities
    await features.define(scope, 'airport_delays', {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '3h',
      features: { recent_delay: 'avg(delay)' },
    })
    const at = Date.UTC(2001, 0, 15, 12)
    await features.push(
      scope,
      'airport_delays',
      [10, 20].map((delay, index) => ({
        id: `r${index}`,
        key: { airport: 'ORD' },
        eventTime: at - index * 60_000,
        values: { delay },
      })),
    )
    await world.capabilities.registry.updateVersion(scope, 'late', 1, {
      tags: [
        { key: 'trivium.features', value: JSON.stringify([{ view: 'airport_delays', keys: { airport: 'origin' } }]) },
      ],
    })
    const { deployment, release } = await serving.deploy(scope, { name: 'looks-up', model: 'late/1' })
    expect(deployment.inputs).toEqual([
      { name: 'origin', type: 'string', description: 'key of airport_delays' },
      { name: 'distance', type: 'number', description: '' },
      { name: 'hour', type: 'integer', description: '' },
    ])
    expect(release.manifest.features).toEqual([
      {
        view: 'airport_delays',
        version: 1,
        urn: 'trivium://default/feature-view/airport_delays@1',
        keys: { airport: 'origin' },
        outputs: { recent_delay: 'recent_delay' },
      },
    ])
    const client = gatewayClient(serving, token)
    const inputs = { origin: 'ORD', distance: 800, hour: 12 }
    const answer = await client.post('/deployments/looks-up/predict', {
      rows: [
        { inputs, eventTime: at },
        { inputs, eventTime: at - 30_000 },
      ],
    })
    expect(answer.json.predictions.map((one: { features: unknown }) => one.features)).toEqual([
      { recent_delay: 15 },
      { recent_delay: 20 },
    ])
    const records = await recordsOf(world, 'default', 'looks-up')
    expect(records.map(({ inputs: recorded, features: looked }) => [recorded, looked])).toEqual([
      [inputs, { recent_delay: 15 }],
      [inputs, { recent_delay: 20 }],
    ])
    // Nothing known: the model was not trained to do without, and the answer says what was missing.
    const nothing = await client.post('/deployments/looks-up/predict', { inputs, eventTime: at - 86_400_000 })
    expect([nothing.status, nothing.json.detail]).toEqual([
      400,
      'The model gave no number for "probabilities". It got no value for recent_delay, and it was not trained to do without.',
    ])
    const sent = await client.post('/deployments/looks-up/predict', {
      inputs: { ...inputs, recent_delay: 3 },
      eventTime: at,
    })
    expect(sent.json.detail).toBe('Unknown field recent_delay. The deployment takes origin, distance, hour.')
    await expect(
      serving.deploy(scope, {
        name: 'bad',
        model: 'late/1',
        features: [{ view: 'airport_delays', outputs: { recent_delay: 'weather' } }],
      }),
    ).rejects.toThrow(/feeds "weather", which is no input of the model/)
    await expect(
      serving.deploy(scope, {
        name: 'bad',
        model: 'late/1',
        features: [{ view: 'airport_delays', keys: { city: 'origin' } }],
      }),
    ).rejects.toThrow(/has no key "city"/)
  })
})
