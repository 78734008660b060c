import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { stepInName } from './step-in-name.ts'

test('the step of a checkpoint is read from its name, as frameworks write it', () => {
  for (const [name, step] of [
    ['epoch=3-step=1200.ckpt', 1200],
    ['model-epoch=03-val_loss=0.32.ckpt', 3],
    ['checkpoint-1000', 1000],
    ['weights.05-0.12.hdf5', 5],
    ['weights.12-0.07.keras', 12],
    ['cp-0005.ckpt', 5],
    ['epoch_4', 4],
    ['global_step_40', 40],
    ['ckpt_epoch_7.pt', 7],
    ['model_12.h5', 12],
    ['iter_000200.pth', 200],
    ['17', 17],
    ['resnet50.pt', undefined],
    ['model.h5', undefined],
    ['latest_checkpoint', undefined],
    ['last.ckpt', undefined],
    ['step-', undefined],
    ['step=99999999999999999999', undefined],
  ] as const)
    expect([name, stepInName(name)]).toEqual([name, step])
})

describeEachDatabase('metrics that are recovered from checkpoints', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const at = `/api/v1/projects/${project}`
    const { tracking } = world.capabilities
    const { scope } = client
    const run = (await client.call('POST', `${at}/runs`, { experiment: 'nets' })).json.id as string
    const put = (path: string) => tracking.putArtifact(scope, { kind: 'run', id: run }, path, Buffer.from(path))
    const checkpoints = async (query = '') => (await client.call('GET', `${at}/runs/${run}/checkpoints${query}`)).json
    const recover = (checkpoint: string, step: number, values: Record<string, unknown>, as = client) =>
      as.call('POST', `${at}/runs/${run}/recovered-points`, {
        checkpoint,
        step,
        points: Object.entries(values).map(([key, value]) => ({ key, value })),
      })
    const recovered = async () => (await client.call('GET', `${at}/runs/${run}/recovered-points`)).json.points
    const log = (step: number, value: number, key = 'f1') =>
      tracking.logBatch(scope, run, { metrics: [{ key, step, value, timestamp: step }], params: [], tags: [] })
    const curve = async (key: string) =>
      (await client.call('GET', `${at}/metric-series?runs=${run}&keys=${key}`)).json.series[0]?.points
    return { project, client, at, run, scope, tracking, put, checkpoints, recover, recovered, log, curve }
  }

  test('the checkpoints of a run come by step: files, folders, and the models that it logged with one', async () => {
    const { run, scope, tracking, put, checkpoints, client, at } = await setup()
    expect(await checkpoints()).toEqual({ checkpoints: [], unnumbered: [] })
    for (const path of [
      'checkpoints/epoch_10/a',
      'checkpoints/epoch_10/b',
      'checkpoints/epoch_9.pt',
      'checkpoints/last',
    ])
      await put(path)
    await put('epoch_1.pt')
    const { experimentId } = (await client.call('GET', `${at}/runs/${run}`)).json
    const logged = async (step: number) => {
      const model = await tracking.createLoggedModel(scope, {
        experiment: experimentId,
        name: `model ${step}`,
        modelType: '',
        sourceRun: run,
        params: [],
        tags: [],
      } as never)
      await tracking.logOutputs(scope, run, [{ id: model.id, step }])
      return model.id
    }
    const [end, middle] = [await logged(0), await logged(5)]
    expect(await checkpoints()).toMatchObject({
      checkpoints: [
        { step: 5, kind: 'logged-model', name: 'model 5', uri: `models:/${middle}`, files: 0 },
        { step: 9, kind: 'artifact', name: 'checkpoints/epoch_9.pt', files: 1 },
        { step: 10, uri: `runs:/${run}/checkpoints/epoch_10`, files: 2, bytes: 44 },
      ],
      unnumbered: ['checkpoints/last', `models:/${end}`],
    })
    expect((await checkpoints('?path=')).checkpoints[0]).toMatchObject({ step: 1, name: 'epoch_1.pt' })
    expect((await client.call('GET', `${at}/runs/${run}/checkpoints?path=../x`)).status).toBe(400)
  })

  test('a point is added at the step of its checkpoint, once, and the run says that it was recovered', async () => {
    const { project, run, client, at, put, recover, recovered, curve } = await setup()
    await put('checkpoints/step=10.pt')
    await put('checkpoints/step=20.pt')
    const [ten, twenty] = [10, 20].map((step) => `runs:/${run}/checkpoints/step=${step}.pt`) as [string, string]
    expect((await recover(ten, 10, { f1: 0.5, odd: 'NaN' })).json).toEqual({ added: 2 })
    world.time.now += 1000
    expect((await recover(ten, 10, { f1: 0.5, odd: 'NaN' })).json).toEqual({ added: 0 })
    expect((await recover(twenty, 20, { f1: 0.75 })).json).toEqual({ added: 1 })
    expect((await curve('f1')).map(([step, , value]: number[]) => [step, value])).toEqual([
      [10, 0.5],
      [20, 0.75],
    ])
    const by = { by: client.scope.principal.id, byName: expect.any(String) }
    expect(await recovered()).toEqual([
      { key: 'f1', step: 10, checkpoint: ten, at: world.time.now - 1000, ...by },
      { key: 'f1', step: 20, checkpoint: twenty, at: world.time.now, ...by },
      { key: 'odd', step: 10, checkpoint: ten, at: world.time.now - 1000, ...by },
    ])
    expect((await client.call('GET', `${at}/runs/${run}`)).json.recovered).toMatchObject([
      { key: 'f1', points: 2, at: world.time.now },
      { key: 'odd', points: 1 },
    ])
    const other = (await client.call('POST', `${at}/runs`, { experiment: 'nets' })).json.id
    const { json: comparison } = await client.call('GET', `${at}/run-comparison?runs=${other},${run}`)
    const f1 = comparison.metrics.find((metric: { key: string }) => metric.key === 'f1')
    expect(f1.values).toMatchObject([null, { key: 'f1', count: 2, recovered: 2 }])
    await world.kernel.sequencer.flush()
    const events = await world.kernel.db.read
      .selectFrom('event')
      .select(['subject', 'by'])
      .where('project_id', '=', project)
      .where('name', '=', 'run.metrics-recovered')
      .execute()
    expect(events).toHaveLength(2)
    expect(await recover(twenty, 20, { f1: 0.8 })).toMatchObject({
      status: 409,
      json: { code: 'TRACKING.RECOVERED_OTHERWISE', detail: expect.stringContaining(`0.75, from ${twenty}`) },
    })
  })

  test('what was measured at the step stays alone, also when its points lie in a file, and nothing of the request is kept', async () => {
    const { run, client, at, put, recover, recovered, log, curve } = await setup()
    await put('checkpoints/step=10.pt')
    const ten = `runs:/${run}/checkpoints/step=10.pt`
    await log(10, 0.25)
    for (let step = 11; step < 40; step += 1) await log(step, step)
    const live = { status: 409, json: { code: 'TRACKING.MEASURED_LIVE', key: 'f1', step: 10 } }
    expect(await recover(ten, 10, { fresh: 1, f1: 0.25 })).toMatchObject(live)
    await client.call('POST', `${at}/runs/${run}/end`, { status: 'FINISHED' })
    expect((await client.call('POST', `${at}/runs/${run}/metrics/move`)).json.points).toBe(30)
    expect(await recover(ten, 10, { fresh: 1, f1: 0.25 })).toMatchObject(live)
    expect(await recovered()).toEqual([])
    expect(await curve('fresh')).toBeUndefined()
    expect((await recover(ten, 10, { fresh: 1 })).json).toEqual({ added: 1 })
    // Beside points in a file too, at a step that has none.
    await put('checkpoints/step=5.pt')
    expect((await recover(`runs:/${run}/checkpoints/step=5.pt`, 5, { f1: 9 })).json).toEqual({ added: 1 })
    expect((await curve('f1')).length).toBe(31)
    expect((await curve('f1'))[0].slice(0, 1)).toEqual([5])
  })

  test('a checkpoint of the run is named, at its step; other projects and readers recover nothing', async () => {
    const { project, run, client, at, put, recover, recovered } = await setup()
    await put('checkpoints/step=10.pt')
    const ten = `runs:/${run}/checkpoints/step=10.pt`
    for (const [uri, step] of [
      [ten, 11],
      [`runs:/${run}/checkpoints/step=12.pt`, 12],
      [`runs:/${'f'.repeat(32)}/checkpoints/step=10.pt`, 10],
      [`runs:/${run}/`, 0],
      ['models:/m-none', 1],
    ] as const)
      expect([uri, await recover(uri, step, { f1: 1 })]).toMatchObject([
        uri,
        { status: 404, json: { code: 'TRACKING.CHECKPOINT_NOT_FOUND' } },
      ])
    const twice = { checkpoint: ten, step: 10, points: [1, 1].map((value) => ({ key: 'f1', value })) }
    expect((await client.call('POST', `${at}/runs/${run}/recovered-points`, twice)).status).toBe(400)
    expect((await recover(ten, 10, { f1: 1 }, await world.as('viewer', project))).status).toBe(403)
    const elsewhere = await setup()
    for (const [method, path] of [
      ['GET', 'checkpoints'],
      ['GET', 'recovered-points'],
      ['POST', 'recovered-points'],
    ] as const) {
      const body = method === 'POST' ? { checkpoint: ten, step: 10, points: [{ key: 'f1', value: 1 }] } : undefined
      const there = await elsewhere.client.call(method, `${elsewhere.at}/runs/${run}/${path}`, body)
      expect([method, path, there.status]).toEqual([method, path, 404])
    }
    expect(await recovered()).toEqual([])
    await recover(ten, 10, { f1: 1 })
    await client.call('DELETE', `${at}/runs/${run}`)
    expect((await recover(ten, 10, { f2: 1 })).status).toBe(400)
    await client.call('POST', `${at}/trash/remove`, { runs: [run] })
    const left = () =>
      world.kernel.db.read.selectFrom('run_recovered_point').selectAll().where('project_id', '=', project).execute()
    await expect.poll(left).toEqual([])
  })
})
