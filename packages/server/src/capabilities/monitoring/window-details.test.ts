import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import golden from './fixtures/slices.json' with { type: 'json' }
import { day, type Flight, flightsOf, hour, live, start, story } from './story.fixture.ts'

const cost = {
  name: 'cost',
  sql: `avg(case when actual = 1 and score < ${golden.threshold} then 10 when actual = 0 and score >= ${golden.threshold} then 1 else 0 end)`,
}

describeEachDatabase('what is looked at in a window', ({ world, once }) => {
  const begin = async (definition: Record<string, unknown>) => {
    const tell = story(world, await world.makeProject())
    await tell.train(flightsOf({ days: 10, seed: 'training' }))
    const defined = await tell.call('PUT', 'monitors/arrivals', { deployment: 'arrivals', window: '1d', ...definition })
    expect([defined.status, defined.json.detail]).toEqual([200, undefined])
    await tell.advance(start)
    return tell
  }
  const details = async (tell: ReturnType<typeof story>, index: number) =>
    (await tell.call('GET', `monitors/arrivals/windows/${start + index * day}`)).json.details

  once(
    'error rate, accuracy, precision, recall, AUC and a metric of one’s own, whole and by slice, are those of scikit-learn',
    async () => {
      const tell = await begin({
        performance: {
          prediction: 'probability',
          metrics: [{ metric: 'accuracy', margin: 0.1 }],
          threshold: golden.threshold,
          slices: ['input.origin', 'recent_late'],
          custom: [cost],
          maxWait: '1h',
        },
      })
      const flights = golden.rows.map(
        ([origin, probability, late], i): Flight => ({
          id: `g${i}`,
          eventTime: start + i * 50_000,
          origin: String(origin),
          distance: 500,
          recentLate: (i % 100) / 100,
          probability: Number(probability),
          late: late === true,
          knownAt: start + i * 50_000 + hour,
        }),
      )
      tell.predict(flights)
      await tell.label(flights.filter((_, i) => golden.rows[i]?.[3]))
      await tell.advance(start + 2 * day)
      const { quality, qualityProblem } = await details(tell, 0)
      expect(qualityProblem).toBeNull()
      const expectSame = (found: any, wanted: typeof golden.whole) => {
        const { values, ...counts } = wanted
        expect(found).toMatchObject(counts)
        expect(found.coverage).toBeCloseTo(wanted.labelled / wanted.predicted, 12)
        expect(Object.keys(found.values).toSorted()).toEqual(Object.keys(values).toSorted())
        for (const [name, value] of Object.entries(values)) {
          if (value === null) expect([name, found.values[name]]).toEqual([name, null])
          else expect(found.values[name]).toBeCloseTo(value, 9)
        }
      }
      expect(quality[0]).toMatchObject({ by: null, value: null })
      expectSame(quality[0], golden.whole)
      const byOrigin = quality.filter((one: any) => one.by === 'origin')
      expect(byOrigin.map((one: any) => [one.value, one.rare])).toEqual([
        ['ORD', false],
        ['SFO', false],
        ['JFK', false],
        ['HNL', true],
      ])
      for (const one of byOrigin) expectSame(one, golden.slices[one.value as keyof typeof golden.slices] as any)
      // A number with many values is cut at its quartiles.
      const quarters = quality.filter((one: any) => one.by === 'recent_late')
      expect(quarters.map((one: any) => one.value).toSorted()).toEqual([
        'over 0.24 to 0.49',
        'over 0.49 to 0.74',
        'over 0.74',
        'up to 0.24',
      ])
      const { slices } = (await tell.call('GET', 'monitors/arrivals/slices?by=origin')).json
      expect(slices.map((one: any) => [one.by, one.value])).toEqual([
        [null, null],
        ['origin', 'ORD'],
        ['origin', 'SFO'],
        ['origin', 'JFK'],
        ['origin', 'HNL'],
      ])
      expect(slices[1].points[0].values['roc-auc']).toBeCloseTo(golden.slices.ORD.values['roc-auc'], 9)
      // Who may not see where people fly from is told how good the model is, and not from where.
      await tell.call('PUT', 'datasets/training', { personal: ['origin'] })
      const masked = async (path: string) => (await tell.read('contributor', path)).json
      const shown = (await masked(`monitors/arrivals/windows/${start}`)).details.quality
      const hidden = shown.filter((one: any) => one.by === 'origin')
      expect(hidden.map((one: any) => one.value)).toEqual(Array(4).fill('redacted'))
      expect(shown.filter((one: any) => one.by === 'recent_late')).toEqual(quarters)
      const series = (await masked('monitors/arrivals/slices?by=origin')).slices
      expect(series.map((one: any) => one.value)).toEqual([null, ...Array(4).fill('redacted')])
    },
    60_000,
  )

  test('a metric of one’s own that reads files, or names what is not there, is refused and the rest is computed', async () => {
    const tell = await begin({
      performance: {
        prediction: 'probability',
        metrics: [{ metric: 'accuracy', margin: 0.1 }],
        custom: [{ name: 'stolen', sql: "(select count(*) from read_text('/etc/passwd'))" }],
      },
    })
    await live(tell, flightsOf({ days: 1, seed: 'own' }), { days: 2 })
    const { quality, qualityProblem } = await details(tell, 0)
    expect(qualityProblem).toContain('The custom metrics cannot be computed: ')
    expect(quality[0].values).toMatchObject({ stolen: null, accuracy: expect.any(Number) })
    const twice = await tell.call('PUT', 'monitors/arrivals', {
      deployment: 'arrivals',
      window: '1d',
      performance: {
        prediction: 'probability',
        metrics: [{ metric: 'accuracy', margin: 0.1 }],
        custom: [{ name: 'recall', sql: 'count(*)' }],
      },
    })
    expect(twice.status).toBe(400)
  }, 60_000)

  test('what live values break that the training data keep is counted for each feature over time', async () => {
    const tell = await begin({ drift: { reference: 'training@1' } })
    const flights = flightsOf({ days: 2, perDay: 300, seed: 'broken' })
    const [first = [], second = []] = [0, 1].map((i) =>
      flights.filter(({ eventTime }) => Math.floor((eventTime - start) / day) === i),
    )
    tell.predict(first)
    await tell.advance(start + day)
    tell.predict(second.slice(0, 7), { inputs: { origin: 'ord', distance: 90_000 } })
    tell.predict(second.slice(7, 12), { inputs: { origin: 'KORD-7', distance: 700 } })
    tell.predict(second.slice(12, 15), { inputs: { origin: 'LAX', distance: 700 } })
    tell.predict(second.slice(15, 19), { inputs: { distance: 700 } })
    tell.predict(second.slice(19))
    await tell.advance(start + 2 * day)
    const { features } = (await tell.call('GET', 'monitors/arrivals/violations')).json
    expect(features.map(({ feature, total }: any) => [feature, total])).toEqual([
      ['origin', 19],
      ['distance', 7],
      ['recent_late', 0],
    ])
    expect(features[0].points.map((point: any) => point.violations)).toEqual([0, 19])
    expect(features[0].allowed).toBe('ATL, DFW, ORD, SFO, never missing')
    expect(features[0].points[1]).toMatchObject({
      rows: second.length,
      missing: 4,
      unseen: 15,
      wrongFormat: 12,
      wrongType: 0,
      examples: ['ord', 'KORD-7', 'LAX'],
    })
    expect(features[1].points[1]).toMatchObject({ outOfRange: 7, missing: 0 })
    // Examples are rows; what is personal is not even said as a range.
    const seen = async (role: 'viewer' | 'contributor') =>
      (await tell.read(role, 'monitors/arrivals/violations')).json.features[0]
    expect((await seen('contributor')).points[1].examples).toEqual(['ord', 'KORD-7', 'LAX'])
    const counted = await seen('viewer')
    expect([counted.points[1].unseen, counted.points[1].examples, counted.allowed]).toEqual([
      15,
      [],
      features[0].allowed,
    ])
    const distribution = async () =>
      (await tell.read('contributor', 'monitors/arrivals/distribution?feature=origin')).json
    expect((await distribution()).bins.map((bin: any) => bin.label)).toContain('ORD')
    await tell.call('PUT', 'datasets/training', { personal: ['origin'] })
    const masked = await seen('contributor')
    expect([masked.points[1].unseen, masked.points[1].examples, masked.allowed]).toEqual([15, [], 'redacted'])
    expect((await distribution()).bins).toEqual([])
  }, 60_000)

  once(
    'a value of another type is counted as such',
    async () => {
      const tell = await begin({ drift: { reference: 'training@1' } })
      const flights = flightsOf({ days: 1, perDay: 300, seed: 'types' })
      tell.predict(flights.slice(0, 290))
      tell.predict(flights.slice(290), { inputs: { origin: 'ORD', distance: 'far' } })
      await tell.advance(start + day)
      const { features } = (await tell.call('GET', 'monitors/arrivals/violations')).json
      const distance = features.find(({ feature }: any) => feature === 'distance')
      expect(distance.points[0]).toMatchObject({ wrongType: 10, violations: 10, outOfRange: 0, examples: ['far'] })
    },
    60_000,
  )
})
