import type { Baseline, BaselineJudgement } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'

const external = {
  name: 'Paper 2016',
  source: { title: 'A paper', url: 'https://papers.example/1', published: '2016-06' },
  task: 'Whether a flight is late.',
  dataset: { name: 'flights', version: null, digest: 'd1' },
  split: 'test',
  metric: 'auc',
  definition: 'Area under the ROC curve.',
  direction: 'higher-is-better',
  value: 0.7,
  spread: { kind: 'sd', sd: 0.01, repeats: 5 },
  protocol: 'Train on 2015, measure on 2016.',
  params: { depth: '3', epochs: '90' },
  seeds: ['1', '2', '3', '4', '5'],
  code: 'https://code.example/paper at 7f3ac91d',
}

describeEachDatabase('baselines', ({ world }) => {
  let me: Client
  let project = ''
  let experiment = ''
  const at = (path: string) => `/api/v1/projects/${project}${path}`
  const add = (more: object = {}) =>
    me.call('POST', at(`/experiments/${experiment}/baselines`), { ...external, ...more })
  let made = 0
  const run = async (auc: number, { digest = 'd1', tags = {} as Record<string, string>, depth = '3' } = {}) => {
    const { tracking } = world.capabilities
    made += 1
    const startTime = world.time.now + made * 60_000
    const { id } = await tracking.createRun(me.scope, {
      experiment,
      name: `run-${made}`,
      user: 'ann',
      startTime,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    })
    const params = Object.entries({ depth, seed: String(made) }).map(([key, value]) => ({ key, value }))
    const metrics = [{ key: 'auc', value: auc, step: 0, timestamp: startTime }]
    await tracking.logBatch(me.scope, id, { params, tags: [], metrics })
    const context = [{ key: 'mlflow.data.context', value: 'test' }]
    const dataset = { name: 'flights', digest, sourceType: 'local', source: '{}', tags: context }
    await tracking.logInputs(me.scope, id, { datasets: [dataset], models: [] })
    await tracking.updateRun(me.scope, id, { status: 'FINISHED', endTime: startTime + 1000 })
    return id
  }
  const judge = async (...runs: string[]): Promise<BaselineJudgement[]> => {
    const answer = await me.call('GET', at(`/baseline-judgements?runs=${runs.join(',')}`))
    expect(answer.status).toBe(200)
    return answer.json.judgements
  }
  beforeAll(async () => {
    project = await world.makeProject()
    me = await world.as('contributor', project)
    experiment = (await me.call('POST', at('/experiments'), { name: 'late' })).json.id
  })

  test('a baseline keeps its exact protocol, and repeats of a run are judged against it with an interval', async () => {
    const added = await add()
    expect(added.status).toBe(201)
    const { id, record } = added.json as Baseline
    expect(added.json).toMatchObject({ ...external, experiment, retiredAt: null, reproductions: 0 })
    expect(record).toMatch(/^[0-9a-f]{64}$/)
    expect((await add()).status).toBe(409)
    const [first, second] = [await run(0.731), await run(0.735)]
    const single = await judge(first)
    expect(single).toMatchObject([{ baseline: id, n: 2, comparability: { state: 'comparable' } }])
    const third = await run(0.733)
    const [judged] = await judge(first)
    expect(judged).toMatchObject({ n: 3, verdict: 'better', difference: { method: 'welch' }, reproduces: false })
    expect(judged?.difference?.low).toBeGreaterThan(0)
    const other = await run(0.8, { digest: 'd2', depth: '9' })
    expect(await judge(other)).toMatchObject([
      { verdict: 'not comparable', reason: 'dataset differs', difference: null, value: 0.8 },
    ])

    const linked = await me.call('POST', at(`/baselines/${id}/runs`), { runs: [second, third, other] })
    expect(linked.json.reproductions).toBe(3)
    const found = (await me.call('GET', at(`/baselines/${id}`))).json
    expect(found).toMatchObject({ experimentName: 'late', baseline: { id } })
    const of = (run: string) => found.judgements.find((one: BaselineJudgement) => one.run === run)
    expect(of(second)).toMatchObject({
      reproduces: true,
      spread: { verdict: 'out of range' },
      deviations: [{ key: 'epochs', published: '90', own: null }],
    })
    expect(of(other)).toMatchObject({ spread: { verdict: 'cannot judge yet', reason: 'dataset differs' } })
    await me.call('POST', at(`/baselines/${id}/runs`), { runs: [other], linked: false })
    expect((await me.call('GET', at(`/baselines/${id}`))).json.baseline.reproductions).toBe(2)
  })

  test('an experiment or a run that computes the metric otherwise is not comparable', async () => {
    const tags = { 'trivium.metric.auc': 'Area under the precision-recall curve.' }
    const [other] = await judge(await run(0.7, { tags, depth: '4' }))
    expect(other).toMatchObject({ verdict: 'not comparable', reason: 'definition of the metric differs' })
  })

  test('a dataset of ours is named by its version and kept by its digest; one that is not here is refused', async () => {
    const refused = await add({ dataset: { name: 'nothing', version: 1, digest: '' } })
    expect(refused.status).toBe(400)
    expect(refused.json.detail).toContain('no dataset version nothing@1')
    expect((await add({ dataset: { name: 'x', version: null, digest: ' ' } })).json.detail).toContain('needs a digest')
    expect((await add({ spread: { kind: 'range', low: 0.1, high: 0.2 } })).json.detail).toContain('outside of its own')
    expect((await add({ source: { ...external.source, url: 'javascript:alert(1)' } })).status).toBe(400)
  })

  test('a retired baseline needs a reason, leaves comparisons and the frontier, and comes back', async () => {
    const { id } = (await add({ name: 'To retire' })).json as Baseline
    const patch = (body: object) => me.call('PATCH', at(`/baselines/${id}`), body)
    const frontier = async () =>
      (await me.call('GET', at(`/frontier?experiment=${experiment}`))).json.baselines.map((one: Baseline) => one.id)
    expect(await frontier()).toContain(id)
    expect((await patch({ retired: true })).status).toBe(400)
    expect((await patch({ retired: true, reason: 'Wrong table.' })).json).toMatchObject({
      retiredReason: 'Wrong table.',
    })
    expect(await frontier()).not.toContain(id)
    const list = async (query: string) =>
      (await me.call('GET', at(`/experiments/${experiment}/baselines${query}`))).json.baselines.map(
        (b: Baseline) => b.id,
      )
    expect(await list('')).not.toContain(id)
    expect(await list('?retired=true')).toContain(id)
    expect((await judge(await run(0.7, { depth: '5' }))).map((one) => one.baseline)).not.toContain(id)
    expect((await patch({ retired: false })).json.retiredAt).toBeNull()
    const reader = await world.as('viewer', project)
    expect((await reader.call('PATCH', at(`/baselines/${id}`), { retired: true, reason: 'no' })).status).toBe(403)
    expect((await me.call('GET', at('/baselines/bsl_0'))).status).toBe(404)
  })
})
