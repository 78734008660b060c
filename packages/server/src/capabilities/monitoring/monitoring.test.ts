import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { day, flightsOf, hour, live, permuted, start, story } from './story.fixture.ts'

const driftPolicy = { reference: 'training@1' }
const performancePolicy = {
  prediction: 'probability',
  metrics: [
    { metric: 'log-loss', margin: 0.03 },
    { metric: 'roc-auc', margin: 0.05 },
  ],
  completeness: 0.95,
}

describeEachDatabase('monitoring', ({ world, once }) => {
  const begin = async (definition: Record<string, unknown>) => {
    const project = await world.makeProject()
    const tell = story(world, project)
    await tell.train(flightsOf({ days: 10, seed: 'training' }))
    const defined = await tell.call('PUT', 'monitors/arrivals', { deployment: 'arrivals', window: '1d', ...definition })
    expect(defined.status).toBe(200)
    await tell.advance(start)
    return { project, ...tell }
  }
  const windowsOf = async (tell: ReturnType<typeof story>) =>
    (await tell.call('GET', 'monitors/arrivals/windows')).json.windows.toReversed()

  test('ten days: the feature that moved is found after two of three windows, once, and recovers after two clear ones', async () => {
    const tell = await begin({ drift: driftPolicy })
    const flights = flightsOf({ days: 10, seed: 'ten', weatherOf: (i) => (i >= 4 && i < 7 ? { shift: 0.25 } : {}) })
    await live(tell, flights, { days: 10 })
    const windows = await windowsOf(tell)
    expect(windows.map((w: { drift: { verdict: string } }) => w.drift.verdict)).toEqual([
      ...Array(4).fill('clear'),
      ...Array(3).fill('breach'),
      ...Array(3).fill('clear'),
    ])
    const [drifted, ...more] = await tell.events('monitor.drifted')
    expect(more).toEqual([])
    expect(drifted?.eventTime).toBe(start + 6 * day)
    expect(drifted?.data).toMatchObject({
      monitor: 'arrivals',
      deployment: 'arrivals',
      model: 'arrival-delay',
      version: 1,
      kind: 'drift',
      features: ['recent_late'],
      window: { start: start + 5 * day, end: start + 6 * day },
    })
    const [result] = drifted?.data['results'] as { effect: number; q: number; sentence: string }[]
    expect(result?.effect).toBeGreaterThan(0.25)
    expect(result?.q).toBeLessThan(1e-6)
    expect(result?.sentence).toMatch(/^recent_late drifted: KS 0\.\d+, allowed 0\.1, q /)
    expect(drifted?.refs.map(({ urn }) => urn)).toEqual([
      `trivium://${tell.project}/window/arrivals:2001-01-12`,
      `trivium://${tell.project}/window/arrivals:2001-01-13`,
      `trivium://${tell.project}/release/rel_1`,
    ])
    expect((await tell.events('monitor.persists')).map(({ eventTime, data }) => [eventTime, data['features']])).toEqual(
      [[start + 7 * day, ['recent_late']]],
    )
    const recovered = await tell.events('monitor.recovered')
    expect(recovered.map(({ eventTime, data }) => [eventTime, data['features']])).toEqual([
      [start + 9 * day, ['recent_late']],
    ])
    const { json } = await tell.call('GET', 'monitors/arrivals')
    expect(json).toMatchObject({ state: 'in-range', driftedFeatures: [], features: 3, release: 'rel_1', version: 1 })
    expect(json.strip.map((mark: { state: string }) => mark.state)).toEqual([
      ...Array(5).fill('in-range'),
      ...Array(3).fill('drifted'),
      ...Array(2).fill('in-range'),
    ])
    const history = (await tell.call('GET', 'monitors/arrivals/drift')).json.features
    expect(history[0].points).toHaveLength(10)
    const moved = history.find((one: { feature: string }) => one.feature === 'recent_late')
    expect(moved.points.map((point: { open: boolean }) => point.open).indexOf(true)).toBe(5)
    const shown = (
      await tell.call('GET', `monitors/arrivals/distribution?feature=recent_late&start=${start + 5 * day}`)
    ).json
    expect(shown.current.mean - shown.reference.mean).toBeCloseTo(0.25, 1)
    expect(shown.bins.reduce((sum: number, bin: { current: number }) => sum + bin.current, 0)).toBeCloseTo(1, 9)
    const origins = (await tell.call('GET', 'monitors/arrivals/distribution?feature=origin')).json
    expect(origins.bins.map((bin: { label: string }) => bin.label)).toEqual(
      expect.arrayContaining(['ORD', 'SFO', 'ATL', 'DFW']),
    )
  }, 90_000)

  once(
    'the same flights with their dates dealt out anew, those of the training included, give nothing',
    async () => {
      const project = await world.makeProject()
      const tell = story(world, project)
      const flights = permuted(
        flightsOf({ days: 14, seed: 'shuffled', weatherOf: (i) => (i >= 9 ? { shift: 0.25, skill: 0.2 } : {}) }),
        'deal',
      )
      await tell.train(flights.filter(({ eventTime }) => eventTime < start + 7 * day))
      await tell.call('PUT', 'monitors/arrivals', {
        deployment: 'arrivals',
        window: '1d',
        drift: driftPolicy,
        performance: performancePolicy,
      })
      await tell.advance(start + 7 * day)
      await live(tell, flights, { days: 14, first: 7 })
      expect(await tell.events('monitor.drifted')).toEqual([])
      expect(await tell.events('monitor.degraded')).toEqual([])
      expect((await windowsOf(tell)).length).toBe(7)
    },
    90_000,
  )

  test('a window is judged when its labels have come, not before; worse than the baseline is found with its interval', async () => {
    const tell = await begin({ performance: { ...performancePolicy, persistence: { needed: 2, outOf: 3, clear: 2 } } })
    const flights = flightsOf({ days: 8, seed: 'worse', weatherOf: (i) => (i >= 4 ? { skill: 0.3 } : {}) })
    const late = flights.map((flight) => ({ ...flight, knownAt: flight.knownAt + 1.5 * day }))
    await live(tell, late, { days: 4 })
    const early = await windowsOf(tell)
    expect(early[3].performance).toMatchObject({ ripe: false, labelled: 0 })
    expect(early[3].state).toBe('cannot-judge')
    expect(early[3].performance.metrics[0]).toMatchObject({
      verdict: 'unknown',
      reason: '0 % of the labels have come; 95 % are needed.',
    })
    expect(early[0].performance.metrics[0]).toMatchObject({
      reason: 'The first judged window of this release: it is the baseline.',
      baseline: { source: 'first-window' },
    })
    await live(tell, late, { days: 10, first: 4 })
    const windows = await windowsOf(tell)
    expect(windows.slice(0, 8).map((w: { performance: { ripe: boolean } }) => w.performance.ripe)).toEqual(
      Array(8).fill(true),
    )
    expect(
      windows
        .slice(0, 8)
        .map((w: { performance: { metrics: { verdict: string }[] } }) => w.performance.metrics[0]?.verdict),
    ).toEqual(['unknown', 'clear', 'clear', 'clear', ...Array(4).fill('breach')])
    const degraded = await tell.events('monitor.degraded')
    expect(degraded.map(({ data }) => data['metric']).toSorted()).toEqual(['log-loss', 'roc-auc'])
    const logLoss = degraded.find(({ data }) => data['metric'] === 'log-loss')?.data
    expect(logLoss).toMatchObject({ kind: 'performance', margin: 0.03, window: { start: start + 5 * day } })
    expect(logLoss?.['loss']).toBeGreaterThan(0.03)
    expect((logLoss?.['lossInterval'] as { low: number }).low).toBeGreaterThan(0)
    const series = (await tell.call('GET', 'monitors/arrivals/performance')).json
    expect(series.metrics[0].points[7]).toMatchObject({ ripe: true, completeness: 1, verdict: 'breach', open: true })
    expect(series.days).toHaveLength(8)
    expect((await tell.call('GET', 'monitors/arrivals')).json.state).toBe('degraded')
  }, 90_000)

  test('while newer windows have no labels, the monitor shows the last that was judged, when that was, and its alert', async () => {
    const tell = await begin({
      performance: { ...performancePolicy, maxWait: '1h', persistence: { needed: 1, outOf: 1 } },
    })
    const flights = flightsOf({ days: 5, seed: 'unlabelled', weatherOf: (i) => (i >= 2 ? { skill: 0.3 } : {}) })
    const known = flights.map((one) =>
      one.eventTime < start + 3 * day
        ? { ...one, knownAt: Math.min(one.knownAt, start + (1 + Math.floor((one.eventTime - start) / day)) * day) }
        : { ...one, knownAt: start + 90 * day },
    )
    await live(tell, known, { days: 6 })
    const windows = await windowsOf(tell)
    expect(windows[4].performance).toMatchObject({
      ripe: true,
      labelled: 0,
      metrics: [{ value: null }, { value: null }],
    })
    const monitor = (await tell.call('GET', 'monitors/arrivals')).json
    const metric = windows[2].performance.metrics.find(({ open }: { open: boolean }) => open)
    expect(monitor).toMatchObject({
      state: 'degraded',
      performance: { metric: metric.metric, value: metric.value, verdict: 'breach', start: start + 2 * day },
    })
    expect(monitor.headline).toMatch(
      /^(AUC|Log loss) \d\.\d+ is 0\.\d+ worse than .*, in the window from 10 Jan 2001, the last that could be judged\.$/,
    )
  }, 90_000)

  once(
    'the numbers are those of the rows: the measured AUC and log loss equal a plain computation',
    async () => {
      const tell = await begin({ performance: performancePolicy })
      const flights = flightsOf({ days: 1, seed: 'exact' }).map((flight, i) => ({
        ...flight,
        probability: Math.round(flight.probability * 50) / 50,
        knownAt: flight.eventTime + (i % 2),
      }))
      await live(tell, flights, { days: 2 })
      const [{ performance }] = await windowsOf(tell)
      const { metricOf } = await import('../../kernel/stats/index.ts')
      const [actual, predicted] = [
        flights.map(({ late }) => Number(late)),
        flights.map(({ probability }) => probability),
      ]
      for (const { metric, value, interval } of performance.metrics) {
        expect(value).toBeCloseTo(metricOf(metric, actual, predicted), 12)
        expect(interval.low).toBeLessThan(value)
        expect(interval.high).toBeGreaterThan(value)
      }
      expect(performance.days[0].values['log-loss']).toBeCloseTo(performance.metrics[0].value, 12)
      expect(performance.days[0].meanActual).toBeCloseTo(actual.reduce((a, b) => a + b) / actual.length, 12)
    },
    60_000,
  )

  test('late labels and corrections of an old window judge it anew without saying again what was said', async () => {
    const tell = await begin({ performance: performancePolicy })
    const flights = flightsOf({ days: 6, seed: 'corrected', weatherOf: (i) => (i >= 3 ? { skill: 0.3 } : {}) })
    await live(tell, flights, { days: 8 })
    const before = await windowsOf(tell)
    expect(before[4].performance.metrics[0].verdict).toBe('breach')
    const said = (await tell.events('monitor.degraded')).length
    expect(said).toBeGreaterThan(0)
    const worst = flights.filter(({ eventTime }) => eventTime >= start + 4 * day && eventTime < start + 5 * day)
    await tell.label(worst, (flight) => ({
      value: flight.probability > 0.3,
      correction: true,
      eventTime: start + 8 * day,
    }))
    await world.settled(tell.project)
    const after = await windowsOf(tell)
    expect(after[4].performance.metrics[0].value).toBeLessThan(before[4].performance.metrics[0].value - 0.1)
    expect(after[4].performance.metrics[0].verdict).toBe('clear')
    expect(after[3]).toEqual(before[3])
    expect((await tell.events('monitor.degraded')).length).toBe(said)
    expect(await tell.events('window.closed')).toHaveLength(8)
  }, 90_000)

  test('copies of a prediction count once, and predictions that come after their window was closed are counted in', async () => {
    const tell = await begin({ drift: driftPolicy, performance: performancePolicy })
    const flights = flightsOf({ days: 2, seed: 'copies' })
    const held = flights.filter(({ eventTime }, i) => eventTime < start + day && i % 2 === 0)
    tell.predict(flights.filter((flight) => !held.includes(flight)))
    tell.predict(flights.filter((flight) => !held.includes(flight)).slice(0, 200))
    await tell.label(flights)
    await tell.advance(start + 2 * day)
    expect((await windowsOf(tell)).map((w: { rows: number }) => w.rows)).toEqual([300, 600])
    tell.predict(held)
    await world.settled(tell.project)
    const windows = await windowsOf(tell)
    expect(windows.map((w: { rows: number }) => w.rows)).toEqual([600, 600])
    expect(windows[0].performance).toMatchObject({ ripe: true, predicted: 600, labelled: 600 })
    expect(await tell.events('window.closed')).toHaveLength(2)
  }, 60_000)

  once(
    'too few rows, an unknown feature and a missing output are said, not judged',
    async () => {
      const tell = await begin({
        drift: { ...driftPolicy, features: ['recent_late', 'wind'] },
        performance: { ...performancePolicy, prediction: 'score' },
      })
      await live(tell, flightsOf({ days: 1, perDay: 40, seed: 'few' }), { days: 2 })
      const [first, empty] = await windowsOf(tell)
      expect(first.state).toBe('cannot-judge')
      expect(first.drift.features.map((f: { feature: string; reason: string }) => [f.feature, f.reason])).toEqual([
        ['recent_late', expect.stringMatching(/^40 rows; 2\d\d are needed/)],
        ['wind', 'No prediction has a value of this name.'],
      ])
      expect(first.performance.reason).toBe('The predictions have no output "score"; they have probability.')
      expect(empty).toMatchObject({
        rows: 0,
        release: null,
        state: 'cannot-judge',
        drift: { reason: 'No prediction in this window.' },
      })
    },
    60_000,
  )

  test('without training data the first window is the reference; a new release starts anew against its own', async () => {
    const tell = await begin({ drift: {} })
    const flights = flightsOf({ days: 6, seed: 'own', weatherOf: (i) => (i >= 3 ? { shift: 0.3 } : {}) })
    const of = (i: number) => flights.filter(({ eventTime }) => Math.floor((eventTime - start) / day) === i)
    for (let i = 0; i < 6; i += 1) {
      tell.predict(of(i), i >= 3 ? { release: 'rel_2', version: 2 } : {})
      await tell.advance(start + (i + 1) * day)
    }
    const windows = await windowsOf(tell)
    expect(windows.map((w: { release: string; drift: { verdict: string } }) => [w.release, w.drift.verdict])).toEqual([
      ['rel_1', 'unknown'],
      ['rel_1', 'clear'],
      ['rel_1', 'clear'],
      ['rel_2', 'unknown'],
      ['rel_2', 'clear'],
      ['rel_2', 'clear'],
    ])
    expect(windows[4].drift.reference.urn).toBe(`trivium://${tell.project}/window/arrivals:2001-01-11`)
    expect(await tell.events('monitor.drifted')).toEqual([])
    const id = of(4)[0]?.id
    const graph = (
      await tell.call('GET', `lineage?urn=${encodeURIComponent(`trivium://${tell.project}/prediction/arrivals:${id}`)}`)
    ).json
    expect(graph.edges).toContainEqual({
      from: `trivium://${tell.project}/prediction/arrivals:${id}`,
      to: `trivium://${tell.project}/window/arrivals:2001-01-12`,
      as: 'counted in',
    })
  }, 60_000)

  test('several windows that pass at once are closed in order, and a long silence is passed over', async () => {
    const tell = await begin({ drift: driftPolicy })
    const flights = flightsOf({ days: 5, seed: 'burst', weatherOf: (i) => (i >= 2 ? { shift: 0.3 } : {}) })
    tell.predict(flights)
    await tell.advance(start + 5 * day + hour)
    expect((await tell.events('window.closed')).map(({ eventTime }) => eventTime)).toEqual(
      [1, 2, 3, 4, 5].map((i) => start + i * day),
    )
    expect((await tell.events('monitor.drifted')).map(({ eventTime }) => eventTime)).toEqual([start + 4 * day])
    await tell.advance(start + 1000 * day)
    expect((await tell.events('window.closed')).length).toBeLessThan(420)
    expect((await tell.call('GET', 'monitors/arrivals')).json.nextStart).toBe(start + 1000 * day)
  }, 120_000)

  test('definitions that make no sense are refused with the reason, and a change starts anew', async () => {
    const tell = await begin({ drift: driftPolicy })
    const put = async (definition: Record<string, unknown>) =>
      (await tell.call('PUT', 'monitors/arrivals', { deployment: 'arrivals', window: '1d', ...definition })).json
    expect((await put({})).code).toBe('MONITORING.NOTHING_WATCHED')
    expect((await put({ drift: { reference: 'training' } })).code).toBe('MONITORING.BAD_REFERENCE')
    expect((await put({ drift: { reference: 'training@7' } })).code).toBe('DATASETS.VERSION_NOT_FOUND')
    expect((await put({ drift: { persistence: { needed: 4, outOf: 3, clear: 1 } } })).code).toBe(
      'MONITORING.BAD_PERSISTENCE',
    )
    expect((await put({ window: '0d', drift: {} })).status).toBe(400)
    expect((await put({ drift: { ...driftPolicy, q: 0.01 } })).definitionVersion).toBe(2)
    expect((await put({ drift: { ...driftPolicy, q: 0.01 } })).definitionVersion).toBe(2)
    expect((await tell.call('DELETE', 'monitors/arrivals')).status).toBe(204)
    expect((await tell.call('GET', 'monitors/arrivals')).json.code).toBe('MONITORING.NOT_FOUND')
  }, 60_000)

  test('a project sees neither monitors nor predictions of another', async () => {
    const mine = await begin({ drift: driftPolicy })
    const theirs = await begin({ drift: driftPolicy })
    theirs.predict(flightsOf({ days: 2, seed: 'theirs', weatherOf: () => ({ shift: 0.3 }) }))
    mine.predict(flightsOf({ days: 2, seed: 'mine' }))
    await theirs.advance(start + 2 * day)
    await mine.advance(start + 2 * day)
    expect(await mine.events('monitor.drifted')).toEqual([])
    expect(await theirs.events('monitor.drifted')).toHaveLength(1)
    const viewer = await world.as('viewer', mine.project)
    expect((await viewer.call('GET', `/api/v1/projects/${theirs.project}/monitors/arrivals`)).status).toBe(404)
    expect(
      (
        await viewer.call('PUT', `/api/v1/projects/${mine.project}/monitors/x`, {
          deployment: 'arrivals',
          window: '1d',
          drift: {},
        })
      ).status,
    ).toBe(403)
  }, 60_000)
})
