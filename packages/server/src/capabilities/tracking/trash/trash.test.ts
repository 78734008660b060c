import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const api = '/api/v1/projects'
const dayMs = 86_400_000

describeEachDatabase('the trash', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { tracking, registry, trash } = world.capabilities
    const { scope } = client
    const experiment = async (name: string) => (await tracking.createExperiment(scope, { name, tags: [] })).id
    const run = async (inside: string, name = 'train') => {
      const { id } = await tracking.createRun(scope, { experiment: inside, name, user: '', startTime: 1, tags: [] })
      const points = Array.from({ length: 20 }, (_, step) => ({ key: 'loss', value: step / 7, step, timestamp: step }))
      await tracking.logBatch(scope, id, { metrics: points, params: [{ key: 'k', value: 'v' }], tags: [] })
      await tracking.putArtifact(scope, { kind: 'run', id }, 'model/MLmodel', Buffer.from(`flavors: {}\n# ${id}`))
      return id
    }
    const remove = (body: unknown, as = client) => as.call('POST', `${api}/${project}/trash/remove`, body)
    const list = async () => (await client.call('GET', `${api}/${project}/trash`)).json
    /** Rows of every table that still hold something of the project's runs. */
    const left = async (): Promise<string[]> => {
      const db = world.kernel.db.read
      const found: string[] = []
      for (const table of [
        'run',
        'run_param',
        'run_tag',
        'run_metric',
        'removed_series',
        'artifact_file',
        'blob_ref',
        'logged_model',
      ] as const)
        if (await db.selectFrom(table).select('project_id').where('project_id', '=', project).executeTakeFirst())
          found.push(table)
      return found
    }
    const pointsOf = async (series: readonly number[]): Promise<number> =>
      (
        await world.kernel.db.read
          .selectFrom('run_metric_point')
          .select('series_id')
          .where('series_id', 'in', series)
          .execute()
      ).length
    const seriesOf = async (): Promise<number[]> =>
      (
        await world.kernel.db.read
          .selectFrom('run_metric')
          .select('series_id')
          .where('project_id', '=', project)
          .execute()
      ).map((row) => Number(row.series_id))
    const events = async (name: string) => {
      await world.kernel.sequencer.flush()
      return (
        await world.kernel.db.read
          .selectFrom('event')
          .select(['subject', 'data'])
          .where('project_id', '=', project)
          .where('name', '=', name)
          .execute()
      ).length
    }
    return {
      project,
      client,
      scope,
      tracking,
      registry,
      trash,
      experiment,
      run,
      remove,
      list,
      left,
      pointsOf,
      seriesOf,
      events,
    }
  }

  test('an experiment that is removed takes its runs, points and files with it, and its name and nothing else is free', async () => {
    const { experiment, run, tracking, scope, remove, list, left, pointsOf, seriesOf, events, project } = await setup()
    const id = await experiment('delays')
    await run(id)
    await run(id)
    const series = await seriesOf()
    expect(await pointsOf(series)).toBe(40)
    await tracking.setExperimentLifecycle(scope, id, 'deleted')
    expect(await list()).toMatchObject({
      keptDays: 30,
      experiments: [{ id, name: 'delays', runs: 2, removing: false }],
    })
    expect(await remove({ experiments: [id] })).toMatchObject({ status: 202, json: { experiments: 1, runs: 2 } })
    await expect.poll(() => pointsOf(series)).toBe(0)
    await expect.poll(left).toEqual([])
    expect(await list()).toMatchObject({ experiments: [], runs: [] })
    await expect(tracking.requireExperiment(scope, id)).rejects.toThrow('There is no experiment')
    const again = await experiment('delays')
    expect(Number(again)).toBeGreaterThan(Number(id))
    expect(await events('experiment.removed')).toBe(1)
    expect(project).toBeTruthy()
  })

  test('a run that is removed leaves the others of its experiment, and a number of its metrics is not used while points are left', async () => {
    const { experiment, run, tracking, scope, remove, seriesOf, pointsOf, events } = await setup()
    const id = await experiment('delays')
    const kept = await run(id, 'kept')
    const series = await seriesOf()
    const gone = await run(id, 'gone')
    await tracking.setRunLifecycle(scope, gone, 'deleted')
    expect(await remove({ runs: [gone] })).toMatchObject({ status: 202, json: { experiments: 0, runs: 1 } })
    const after = await run(id, 'after')
    await expect(tracking.requireRun(scope, gone)).rejects.toThrow('There is no run')
    expect((await tracking.runDetail(scope, after)).metrics).toMatchObject([{ key: 'loss', count: 20 }])
    await expect.poll(async () => pointsOf(await seriesOf())).toBe(40)
    expect(await pointsOf(series)).toBe(20)
    expect((await tracking.runDetail(scope, kept)).artifacts.files).toBe(1)
    expect(await events('run.removed')).toBe(1)
  })

  test('what a model version was registered from stays, and says what needs it', async () => {
    const { experiment, run, tracking, registry, scope, remove, list, trash, client, project } = await setup()
    const id = await experiment('delays')
    const source = await run(id)
    await registry.registerVersion(scope, {
      model: 'delay',
      source: await registry.resolveSource(scope, `runs:/${source}/model`),
      sourceText: `runs:/${source}/model`,
    })
    await tracking.setRunLifecycle(scope, source, 'deleted')
    const held = { status: 409, json: { detail: expect.stringContaining(`trivium://${project}/model/delay@1`) } }
    expect(await remove({ runs: [source] })).toMatchObject(held)
    expect((await list()) as unknown).toMatchObject({
      runs: [{ id: source, heldBy: `trivium://${project}/model/delay@1`, removedAt: null }],
    })
    await tracking.setExperimentLifecycle(scope, id, 'deleted')
    expect(await remove({ experiments: [id] })).toMatchObject(held)
    world.time.now += 31 * dayMs
    await trash.expire()
    await tracking.requireRun(scope, source)
    expect(await client.call('DELETE', `${api}/${project}/models/delay/versions/1`)).toMatchObject({ status: 200 })
    await trash.expire()
    await expect(tracking.requireRun(scope, source)).rejects.toThrow('There is no run')
    await expect(tracking.requireExperiment(scope, id)).rejects.toThrow('There is no experiment')
  })

  test('only what is old enough goes by itself, and what was restored stays', async () => {
    const { experiment, run, tracking, scope, trash } = await setup()
    const id = await experiment('delays')
    const [old, back, young] = [await run(id), await run(id), await run(id)]
    for (const one of [old, back]) await tracking.setRunLifecycle(scope, one, 'deleted')
    world.time.now += 20 * dayMs
    await tracking.setRunLifecycle(scope, back, 'active')
    await tracking.setRunLifecycle(scope, young, 'deleted')
    world.time.now += 11 * dayMs
    await trash.expire()
    await expect(tracking.requireRun(scope, old)).rejects.toThrow('There is no run')
    expect((await tracking.requireRun(scope, back)).lifecycle).toBe('active')
    expect((await tracking.requireRun(scope, young)).lifecycle).toBe('deleted')
  })

  test('only what is in the trash is removed, all or nothing, and only by who may', async () => {
    const { experiment, run, tracking, scope, remove, project } = await setup()
    const id = await experiment('delays')
    const [deleted, active] = [await run(id), await run(id)]
    await tracking.setRunLifecycle(scope, deleted, 'deleted')
    expect(await remove({ runs: [deleted, active] })).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining(`The run ${active} is not deleted`) },
    })
    await tracking.requireRun(scope, deleted)
    expect(await remove({ experiments: [id] })).toMatchObject({ status: 409 })
    expect(await remove({ experiments: ['0'] })).toMatchObject({ status: 409 })
    expect(await remove({ runs: ['f'.repeat(32)] })).toMatchObject({ status: 404 })
    expect(await remove({})).toMatchObject({ status: 400 })
    expect(await remove({ all: true, runs: [deleted] })).toMatchObject({ status: 400 })
    expect(await remove({ runs: [deleted] }, await world.as('contributor', project))).toMatchObject({ status: 403 })
    expect(await remove({ all: true })).toMatchObject({ status: 202, json: { experiments: 0, runs: 1 } })
    await expect.poll(() => tracking.requireRun(scope, deleted).catch(() => 'gone')).toBe('gone')
    await tracking.requireRun(scope, active)
  })

  test('a run moves to another experiment with its inputs and the models that it logged', async () => {
    const { experiment, run, tracking, scope, client, project, events } = await setup()
    const [from, to] = [await experiment('delays'), await experiment('delays by hour')]
    const id = await run(from)
    const dataset = { name: 'flights', digest: 'abc', sourceType: 'local', source: '{}', schema: null, profile: null }
    await tracking.logInputs(scope, id, { datasets: [{ ...dataset, tags: [] }], models: [] } as never)
    const move = (experimentId: string) =>
      client.call('PATCH', `${api}/${project}/runs/${id}`, { experiment: experimentId })
    expect(await move(to)).toMatchObject({
      status: 200,
      json: { experimentId: to, experiment: 'delays by hour', inputs: [{ name: 'flights', digest: 'abc' }] },
    })
    expect(await move(to)).toMatchObject({ status: 200 })
    expect(await events('run.moved')).toBe(1)
    expect(await move('77')).toMatchObject({ status: 404 })
    await tracking.setExperimentLifecycle(scope, from, 'deleted')
    expect(await move(from)).toMatchObject({ status: 400 })
    expect((await tracking.requireRun(scope, id)).experiment_id).toBe(to)
  })
})
