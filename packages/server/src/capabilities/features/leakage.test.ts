import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { runPipeline, stepOf } from '../pipelines/pipelines.fixture.ts'

const hour = 3_600_000
const start = Date.UTC(2001, 0, 1)
const when = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

/** Flights leave every twenty minutes and land one to three hours later; only then their delay is known. */
const flights = [
  'id,departed,landed,origin,distance,delay',
  ...Array.from({ length: 600 }, (_, i) => {
    const departed = start + (i * hour) / 3
    const delay = (i * 37) % 61
    return `f${i},${when(departed)},${when(departed + hour + ((i * 13) % 120) * 60_000)},${['ORD', 'SFO', 'JFK'][i % 3]},${(i * 101) % 2000},${delay}`
  }),
  '',
].join('\n')

describeEachDatabase('features that would not exist at serving time', ({ world, once }) => {
  const begin = async (declaration: Record<string, unknown>) => {
    const maintainer = await world.as('maintainer', await world.makeProject())
    const base = `/api/v1/projects/${maintainer.scope.project}`
    await maintainer.call(
      'POST',
      `${base}/datasets/flights/versions?format=csv&event_time=departed`,
      Buffer.from(flights),
      { 'content-type': 'application/octet-stream' },
    )
    const declared = await maintainer.call('PUT', `${base}/datasets/flights`, declaration)
    expect(declared.status).toBe(200)
    const make = async (columns: string, { label = 'late', top = '', more = '' } = {}) =>
      stepOf(
        await runPipeline(maintainer, {
          name: 'rows',
          yaml: `name: rows
${top}
steps:
  validate:
    kind: validate
    in: { dataset: dataset:flights@latest }
${more}
  rows:
    kind: features
    in: { dataset: steps.validate.dataset }
    with:
      dataset: training
      time: departed
      views: []
      label: ${label}
      entities: "SELECT id, departed, ${columns}, delay > 30 AS late FROM data ORDER BY departed, id"
`,
        }),
        more === '' ? 'rows' : 'validate',
      )
    return { make, maintainer, base }
  }
  const later = { availability: { delay: { at: 'landed' }, landed: { at: 'landed' } } }

  once(
    'values that come later than their row are refused by name, however they are wrapped; the label may be one',
    async () => {
      const { make } = await begin(later)
      const honest = await make('origin, distance, hour(departed) AS hour')
      expect([honest.state, honest.reason]).toEqual(['finished', null])
      const leaking = await make(
        "origin, distance, ln(1 + delay) AS scale, CASE WHEN delay > 5 THEN 'late' END AS word",
      )
      expect(leaking.state).toBe('failed')
      expect(leaking.reason).toContain('These features would not exist at serving time: ')
      expect(leaking.reason).toMatch(/: (scale, word|word, scale)\. /)
      expect(leaking.reason).toContain('delay (at landed)')
      const answer = await make('origin, distance, delay AS minutes', { label: '[late, minutes]' })
      expect(answer.state).toBe('finished')
      expect((await make('origin', { label: 'too_late' })).reason).toContain('The entities have no column "too_late".')
    },
    60_000,
  )

  once(
    'an aggregate over rows of the future is refused; the same over the past is not',
    async () => {
      const { make } = await begin({})
      const whole = await make('origin, avg(distance) OVER (PARTITION BY origin) AS usual')
      expect(whole.reason).toContain('would not exist at serving time: usual.')
      expect(whole.reason).toContain('rows that happened later')
      const past = await make(
        'origin, avg(distance) OVER (PARTITION BY origin ORDER BY departed ROWS BETWEEN 5 PRECEDING AND 1 PRECEDING) AS usual',
      )
      expect([past.state, past.reason]).toEqual(['finished', null])
    },
    60_000,
  )

  once(
    'a value that is known after a fixed time may be used from then on only',
    async () => {
      const { make } = await begin({ availability: { delay: { after: '2h' } } })
      const soon = await make(
        'lag(delay, 3) OVER (ORDER BY departed) AS an_hour_ago, lag(delay, 6) OVER (ORDER BY departed) AS two_hours_ago',
      )
      expect(soon.reason).toContain('would not exist at serving time: an_hour_ago.')
    },
    60_000,
  )

  test('a production pipeline refuses a dataset without owners; what it makes has the owners of its source', async () => {
    const { make, maintainer, base } = await begin({})
    const refused = await make('origin', { top: 'production: true', more: ' ' })
    expect([refused.state, refused.reason]).toEqual([
      'failed',
      expect.stringContaining('cannot use dataset "flights" (input "dataset") in a production pipeline'),
    ])
    const owners = { producer: 'Airline data desk (outsourced)', maintainer: 'data-team', quality: 'ann' }
    await maintainer.call('PUT', `${base}/datasets/flights`, { owners })
    expect((await make('origin', { top: 'production: true' })).state).toBe('finished')
    expect((await maintainer.call('GET', `${base}/datasets/training`)).json.owners).toEqual({
      ...owners,
      producer: 'pipeline rows',
    })
  }, 60_000)

  test('constraints of the step stop the run, and a mistake in them is named when the pipeline is saved', async () => {
    const { make } = await begin({})
    const stopped = await make('origin', {
      more: '    with: { checks: [{ kind: condition, severity: block, sql: delay < 60 }] }',
    })
    expect(stopped.reason).toContain('10 of 600 rows break delay < 60 (delay 60; delay 60; delay 60)')
    await expect(
      make('origin', { more: '    with: { checks: [{ kind: condition, severity: block, sqll: delay < 60 }] }' }),
    ).rejects.toThrow(/checks\[0\].*condition/)
  }, 60_000)
})
