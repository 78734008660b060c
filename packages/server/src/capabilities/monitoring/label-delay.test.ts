import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { savePipeline } from '../pipelines/pipelines.fixture.ts'
import { day, type Flight, flightsOf, hour, start, story } from './story.fixture.ts'

describeEachDatabase('the delay of labels', ({ world, once }) => {
  const begin = async (window: string, performance: Record<string, unknown> = {}) => {
    const project = await world.makeProject()
    const tell = story(world, project)
    const defined = await tell.call('PUT', 'monitors/arrivals', {
      deployment: 'arrivals',
      window,
      performance: { prediction: 'probability', metrics: [{ metric: 'accuracy', margin: 0.1 }], ...performance },
    })
    expect(defined.status).toBe(200)
    await tell.advance(start)
    return { project, ...tell }
  }
  /** Sensors tell within hours; the desk takes days, and ever longer. */
  const delayOf = (flight: Flight, i: number): number =>
    i % 3 === 0
      ? (1 + (Math.floor((flight.eventTime - start) / (7 * day)) + (i % 5) / 5)) * 2 * day
      : hour + (i % 7) * 600_000
  const weeks = 6
  const tellAll = async (tell: Awaited<ReturnType<typeof begin>>) => {
    const flights = flightsOf({ days: weeks * 7, perDay: 30, seed: 'delays' })
    const told = flights.map((flight, i) => ({ ...flight, i, knownAt: flight.eventTime + delayOf(flight, i) }))
    tell.predict(flights)
    await tell.advance(start + weeks * 7 * day)
    await tell.label(told, (flight) =>
      (flight as (typeof told)[number]).i % 3 === 0 ? { source: 'desk' } : { source: 'sensor' },
    )
    // A correction by somebody else later is no slower label.
    await tell.label(told.slice(1, 3), () => ({ source: 'desk', value: true, eventTime: start + weeks * 7 * day }))
    return told
  }

  once(
    'each source has its distribution and its trend; young weeks are marked',
    async () => {
      const tell = await begin('7d')
      const told = await tellAll(tell)
      await tell.advance(start + weeks * 7 * day + hour)
      const now = start + weeks * 7 * day + hour
      const { sources, predicted, asOf } = (await tell.call('GET', 'deployments/arrivals/label-delays')).json
      expect([predicted, asOf]).toEqual([told.length, now])
      expect(sources.map(({ source }: any) => source)).toEqual(['sensor', 'desk'])
      for (const [index, ofDesk] of [false, true].entries()) {
        const delays = told
          .filter(({ i, knownAt }) => (i % 3 === 0) === ofDesk && knownAt <= now)
          .map(({ knownAt, eventTime }) => knownAt - eventTime)
          .toSorted((a, b) => a - b)
        const found = sources[index]
        expect(found.labels).toBe(delays.length)
        expect(found.meanMs).toBe(Math.round(delays.reduce((sum, ms) => sum + ms, 0) / delays.length))
        // The inverted distribution function (type 1 of Hyndman and Fan, 1996), as numpy's `inverted_cdf`.
        for (const { share, ms } of found.quantiles) expect(ms).toBe(delays[Math.ceil(share * delays.length) - 1])
        expect(found.histogram.reduce((sum: number, bin: any) => sum + bin.labels, 0)).toBe(delays.length)
        expect(found.histogram.at(-1).toMs).toBeNull()
      }
      const [sensor, desk] = sources
      expect(sensor.change).toBeCloseTo(1, 1)
      expect(desk.change).toBeGreaterThan(1.3)
      // In the last week nothing of the desk can have come yet.
      expect(desk.trend.map(({ at }: any) => at)).toEqual(
        Array.from({ length: weeks - 1 }, (_, i) => start + i * 7 * day),
      )
      const young = desk.trend.map((week: any) => week.young)
      expect([young[0], young.at(-1)]).toEqual([false, true])
      const prediction = (await tell.call('GET', `deployments/arrivals/predictions/${told[1]?.id}`)).json
      expect(prediction.labels[0].source).toBe('sensor')
    },
    60_000,
  )

  test('labels that come too late for the windows of a monitor, or for its retraining, are warned about, once', async () => {
    const tell = await begin('3d', { maxWait: '12h', completeness: 0.9 })
    const maintainer = await world.as('maintainer', tell.project)
    const saved = await savePipeline(maintainer, {
      name: 'train',
      yaml: `name: train
steps: { check: { kind: validate, in: { dataset: dataset:training@latest } } }
triggers:
  - { name: daily, on: { event: monitor.degraded, where: { monitor: arrivals } }, cooldown: 5d }
  - { name: rarely, on: { event: monitor.degraded, where: { monitor: arrivals } }, cooldown: 90d }
  - { name: other, on: { event: monitor.degraded, where: { monitor: departures } }, cooldown: 1d }
`,
    })
    expect(saved.status).toBe(200)
    await tellAll(tell)
    await tell.advance(start + weeks * 7 * day + 3 * day)
    await tell.advance(start + weeks * 7 * day + 6 * day)
    const { warnings } = (await tell.call('GET', 'monitors/arrivals/label-delay')).json
    expect(warnings.map(({ disrupts, what, source }: any) => [disrupts, what, source])).toEqual([
      ['evaluation', 'arrivals', 'desk'],
      ['retraining', 'train/daily', 'desk'],
    ])
    expect(warnings[0].message).toMatch(
      /^90 % of the labels of desk take \d+(\.\d+)? d, but monitor arrivals judges a window after 12 h/,
    )
    expect(warnings[1].message).toContain('trigger daily of pipeline train may retrain every 5 d')
    const events = await tell.events('monitor.label-delay')
    expect(events.map(({ data }) => data['warnings'].length)).toEqual([2])
    // Half of the labels within a week is enough for weekly windows, not for a retraining every five days.
    await tell.call('PUT', 'monitors/arrivals', {
      deployment: 'arrivals',
      window: '7d',
      performance: {
        prediction: 'probability',
        metrics: [{ metric: 'accuracy', margin: 0.1 }],
        maxWait: '30d',
        completeness: 0.5,
      },
    })
    const calm = (await tell.call('GET', 'monitors/arrivals/label-delay')).json.warnings
    expect(calm.map(({ disrupts, what }: any) => [disrupts, what])).toEqual([['retraining', 'train/daily']])
  }, 90_000)
})
