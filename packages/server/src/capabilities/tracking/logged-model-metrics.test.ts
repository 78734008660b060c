import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

describeEachDatabase('metrics of logged models', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { tracking } = world.capabilities
    const run = async (name: string) =>
      (await tracking.createRun(client.scope, { experiment: '0', name, user: '', startTime: 1, tags: [] })).id
    const model = async (sourceRun: string) =>
      (await tracking.createLoggedModel(client.scope, { experiment: '0', sourceRun, params: [], tags: [] })).id
    const log = (of: string, modelId: string, points: readonly (readonly [number, number])[], key = 'acc') =>
      tracking.logBatch(client.scope, of, {
        metrics: points.map(([step, value]) => ({ key, value, step, timestamp: 100 + step, modelId })),
        params: [],
        tags: [],
      })
    const values = async (id: string): Promise<number[]> => {
      const { json } = await client.call('GET', `/api/2.0/mlflow/logged-models/${id}?allow_deleted=true`)
      return (json.model?.data.metrics ?? []).map((point: { value: number }) => point.value)
    }
    const find = async (filter: string): Promise<number> =>
      (await client.call('POST', '/api/2.0/mlflow/logged-models/search', { experiment_ids: ['0'], filter })).json.models
        ?.length ?? 0
    return { project, client, tracking, run, model, log, values, find }
  }

  test('a batch with a point that is taken, or of a model that is not there, leaves nothing, also of the run', async () => {
    const { client, tracking, run, model, log, values } = await setup()
    const [one] = [await run('one')]
    const id = await model(one)
    await log(one, id, [[0, 0.5]])
    await expect(
      log(one, id, [
        [1, 0.6],
        [0, 0.7],
      ]),
    ).rejects.toMatchObject({ code: 'TRACKING.LOGGED_MODEL_POINT_TAKEN' })
    await expect(log(one, 'm-none', [[2, 0.6]])).rejects.toMatchObject({ code: 'TRACKING.NO_LOGGED_MODEL_FOR_METRIC' })
    expect(await values(id)).toEqual([0.5])
    expect((await tracking.runDetail(client.scope, one)).metrics).toMatchObject([{ key: 'acc', last: 0.5, count: 1 }])
    // A late retry is no other point.
    await log(one, id, [
      [0, 0.5],
      [1, 0.6],
    ])
    expect(await values(id)).toEqual([0.5, 0.6])
  })

  test('what a program before the points wrote is found, shown, and kept when its next value comes', async () => {
    const { project, run, model, log, values, find } = await setup()
    const one = await run('one')
    const id = await model(one)
    const old = { project_id: project, model_id: id, key: 'acc', run_id: one, dataset_name: '', dataset_digest: '' }
    await world.kernel.db.write.transaction().execute((trx) =>
      trx
        .insertInto('logged_model_metric')
        .values({ ...old, value: 0.9, is_nan: 0, step: 3, timestamp: 103 })
        .execute(),
    )
    expect([await values(id), await find('metrics.acc > 0.8')]).toEqual([[0.9], 1])
    await log(one, id, [[4, 0.2]])
    expect([await values(id), await find('metrics.acc > 0.8'), await find('metrics.acc < 0.3')]).toEqual([
      [0.9, 0.2],
      1,
      1,
    ])
    // The other program sees the last one.
    const { rows } = {
      rows: await world.kernel.db.read
        .selectFrom('logged_model_metric')
        .select('value')
        .where('model_id', '=', id)
        .execute(),
    }
    expect(rows).toEqual([{ value: 0.2 }])
  })

  test('a removed run takes its points from models of others, a removed model all', async () => {
    const { project, client, tracking, run, model, log, values } = await setup()
    const [one, two] = [await run('one'), await run('two')]
    const id = await model(one)
    await log(one, id, [
      [0, 0.1],
      [1, 0.2],
    ])
    await log(two, id, [[0, 0.3]])
    const remove = async (which: string) => {
      await client.call('POST', '/api/2.0/mlflow/runs/delete', { run_id: which })
      const { status } = await client.call('POST', `/api/v1/projects/${project}/trash/remove`, { runs: [which] })
      expect(status).toBeLessThan(300)
      await world.settled(project)
    }
    await remove(two)
    expect(await values(id)).toEqual([0.1, 0.2])
    await remove(one)
    await expect(tracking.requireLoggedModel(client.scope, id, { allowDeleted: true })).rejects.toMatchObject({
      code: 'TRACKING.LOGGED_MODEL_NOT_FOUND',
    })
    for (const table of ['logged_model_point', 'logged_model_metric'] as const)
      expect(
        await world.kernel.db.read.selectFrom(table).select('key').where('project_id', '=', project).execute(),
      ).toEqual([])
  })
})
