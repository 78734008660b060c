import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { digestOf } from '../../kernel/ids/index.ts'
import { flightsOf, live, start, story } from './story.fixture.ts'

describeEachDatabase('what a monitor knows about a model', ({ world }) => {
  /** A version of model `delay`, from a run that said what it was trained on, with an evaluation as evidence. */
  const registered = async () => {
    const project = await world.makeProject()
    const tell = story(world, project)
    await tell.train(flightsOf({ days: 10, seed: 'training' }))
    const { scope } = await world.as('contributor', project)
    const { tracking, registry } = world.capabilities
    const run = await tracking.createRun(scope, { experiment: '0', name: 'train', user: '', startTime: 1, tags: [] })
    await tracking.putArtifact(scope, { kind: 'run', id: run.id }, 'model/MLmodel', Buffer.from('flavors: {}\n'))
    await tracking.logInputs(scope, run.id, {
      datasets: [
        {
          name: 'training',
          digest: '1',
          sourceType: 'code',
          source: `trivium://${project}/dataset/training@1`,
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
        },
      ],
      models: [],
    })
    const sourceText = `runs:/${run.id}/model`
    const source = await registry.resolveSource(scope, sourceText)
    await registry.registerVersion(scope, { model: 'delay', source, sourceText })
    const data = {
      evaluation: `trivium://${project}/evaluation/evl_1`,
      metrics: [{ metric: 'log-loss', direction: 'lower-is-better', value: 0.3, low: 0.29, high: 0.31 }],
    }
    await registry.attachEvidence(scope, 'delay', 1, {
      kind: 'evaluation',
      verdict: 'info',
      summary: 'measured',
      at: 5,
      by: 'someone',
      subjects: [],
      digest: digestOf(data),
      data,
    })
    await world.settled(project)
    return { project, ...tell }
  }

  test('windows are compared with the data that the version was trained on, and its losses with its evaluation', async () => {
    const tell = await registered()
    await tell.call('PUT', 'monitors/arrivals', {
      deployment: 'arrivals',
      window: '1d',
      drift: {},
      performance: {
        prediction: 'probability',
        metrics: [
          { metric: 'log-loss', margin: 0.03 },
          { metric: 'roc-auc', margin: 0.05 },
        ],
      },
    })
    await tell.advance(start)
    const as = {
      ...tell,
      predict: (flights: Parameters<typeof tell.predict>[0]) => tell.predict(flights, { model: 'delay' }),
    }
    await live(as, flightsOf({ days: 2, seed: 'live' }), { days: 3 })
    const [first] = (await tell.call('GET', 'monitors/arrivals/windows')).json.windows.toReversed()
    expect(first.drift).toMatchObject({
      verdict: 'clear',
      tests: 3,
      reference: { urn: `trivium://${tell.project}/dataset/training@1`, rows: 6000 },
    })
    const [logLoss, auc] = first.performance.metrics
    // What it does here is worse than what its evaluation promised, and shown to be.
    expect(logLoss).toMatchObject({
      verdict: 'breach',
      baseline: {
        value: 0.3,
        interval: { low: 0.29, high: 0.31 },
        source: 'evaluation',
        urn: `trivium://${tell.project}/evaluation/evl_1`,
      },
    })
    expect(logLoss.loss).toBeCloseTo(logLoss.value - 0.3, 9)
    // The first window that can be judged holds life against the evaluation, and calls out what is far off; the next does not again.
    const { details } = (await tell.call('GET', `monitors/arrivals/windows/${start}`)).json
    expect(details.offline).toMatchObject([
      { metric: 'log-loss', offline: 0.3, live: logLoss.value, verdict: 'large' },
      { metric: 'roc-auc', offline: null, verdict: 'unknown', reason: 'No evaluation of this version measured AUC.' },
    ])
    expect(details.offline[0].gapInterval.low).toBeGreaterThan(0)
    expect((await tell.call('GET', `monitors/arrivals/windows/${start + 86_400_000}`)).json.details.offline).toBeNull()
    const [found, ...more] = await tell.events('release.gap-found')
    expect(more).toEqual([])
    expect(found?.subject).toBe(`trivium://${tell.project}/release/rel_1`)
    expect(found?.data['sentence']).toMatch(
      /^Log loss is 0\.\d+ in life and was 0\.3 when it was evaluated: look for a feature that is computed otherwise/,
    )
    // Its evaluation does not say how well it ranks: there the first window is the measure.
    expect(auc).toMatchObject({ verdict: 'unknown', baseline: { source: 'first-window' } })
  }, 60_000)
})
