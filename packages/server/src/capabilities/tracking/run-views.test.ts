import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const view = {
  name: 'best forests',
  experiment: '0',
  filter: "metrics.auc.max > 0.6 and params.kind = 'forest'",
  sort: '-metrics.auc',
  columns: ['metrics.auc', 'params.kind'],
  group: [],
  layout: { show: 'panels', find: '^val/' },
  shared: false,
}

describeEachDatabase('saved views of runs', ({ world }) => {
  test('a view is mine until I share it; others read a shared one and delete it only with run:write', async () => {
    const { tracking } = world.capabilities
    const project = await world.makeProject()
    const { scope: mine } = await world.as('contributor', project)
    const { scope: other } = await world.as('admin', project)
    const { scope: reader } = await world.as('viewer', project)
    const names = async (who: typeof mine) => (await tracking.listRunViews(who, '0')).map((one) => one.name)

    const saved = await tracking.saveRunView(mine, view)
    expect(saved).toMatchObject({ ...view, mine: true })
    expect([await names(mine), await names(other)]).toEqual([['best forests'], []])
    await expect(tracking.deleteRunView(other, saved.id)).rejects.toMatchObject({ status: 404 })

    const shared = await tracking.saveRunView(mine, { ...view, shared: true, sort: 'start_time' })
    expect([shared.id, shared.sort]).toEqual([saved.id, 'start_time'])
    expect([await names(other), await names(reader)]).toEqual([['best forests'], ['best forests']])
    await expect(tracking.deleteRunView(reader, saved.id)).rejects.toMatchObject({ status: 403 })
    await expect(tracking.saveRunView(reader, { ...view, shared: true })).rejects.toMatchObject({ status: 403 })
    expect(await tracking.saveRunView(reader, view)).toMatchObject({ mine: true, shared: false })

    await expect(tracking.saveRunView(mine, { ...view, filter: 'nothing = 1' })).rejects.toMatchObject({
      code: 'TRACKING.BAD_FILTER',
    })
    await expect(tracking.saveRunView(mine, { ...view, experiment: '77' })).rejects.toMatchObject({ status: 404 })
    await tracking.deleteRunView(other, saved.id)
    expect(await names(mine)).toEqual([])
  })

  test('the columns to choose from are the keys of the newest runs of the experiment, the most frequent first, then in the order of their numbers', async () => {
    const { tracking } = world.capabilities
    const project = await world.makeProject()
    const { scope, call } = await world.as('contributor', project)
    for (const [at, metrics] of [['auc', 'loss'], ['loss']].entries()) {
      const run = await tracking.createRun(scope, {
        experiment: '0',
        user: '',
        startTime: at === 0 ? null : 5,
        tags: [],
      })
      await tracking.logBatch(scope, run.id, {
        tags: [],
        params: ['kind', 'layer_10', 'layer_2'].map((key) => ({ key, value: 'forest' })),
        metrics: metrics.map((key) => ({ key, value: 1, step: 0, timestamp: 0 })),
      })
    }
    const { json } = await call('GET', `/api/v1/projects/${project}/run-columns?experiment=0`)
    expect(json).toMatchObject({
      metrics: [
        { key: 'loss', runs: 2 },
        { key: 'auc', runs: 1 },
      ],
      params: ['kind', 'layer_2', 'layer_10'].map((key) => ({ key, runs: 2 })),
    })
    expect((await call('GET', `/api/v1/projects/${project}/run-columns?experiment=9`)).json).toMatchObject({
      metrics: [],
    })
  })
})
