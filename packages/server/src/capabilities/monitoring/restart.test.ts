import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMigratedPostgresDatabase, createWorld, migrateDatabase, type World } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { day, flightsOf, live, start, story } from './story.fixture.ts'

const flights = flightsOf({ days: 8, seed: 'restart', weatherOf: (i) => (i >= 3 ? { shift: 0.25, skill: 0.3 } : {}) })

const begin = async (world: World) => {
  const project = await world.makeProject()
  const tell = story(world, project)
  await tell.train(flightsOf({ days: 10, seed: 'training' }))
  await tell.call('PUT', 'monitors/arrivals', {
    deployment: 'arrivals',
    window: '1d',
    drift: { reference: 'training@1' },
    performance: { prediction: 'probability', metrics: [{ metric: 'log-loss', margin: 0.03 }] },
  })
  await tell.advance(start)
  return { project, ...tell }
}

const findings = async ({ call, events }: ReturnType<typeof story>) => ({
  windows: (await call('GET', 'monitors/arrivals/windows')).json.windows.map(
    ({ start: begins, drift, performance }: Record<string, any>) => [
      begins,
      drift.verdict,
      performance.labelled,
      performance.metrics[0].value,
      performance.metrics[0].verdict,
    ],
  ),
  drifted: (await events('monitor.drifted')).map(({ data }) => [data['features'], data['window']]),
  persists: (await events('monitor.persists')).map(({ data }) => `${data['kind']} ${data['window'].start}`).toSorted(),
  degraded: (await events('monitor.degraded')).map(({ data }) => [data['metric'], data['window']]),
  closed: (await events('window.closed')).map(({ eventTime }) => eventTime),
  alerts: (await call('GET', 'alerts')).json.alerts.map(({ title }: { title: string }) => title).toSorted(),
})

/** Everything that only the memory of a process holds is gone between the two worlds. */
async function restarted(databaseUrl: string | undefined): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'trivium-restart-'))
  const options = { data, ...(databaseUrl === undefined ? {} : { databaseUrl }) }
  let world = await createWorld(options)
  try {
    const [through, broken] = [await begin(world), await begin(world)]
    await live(through, flights, { days: 9 })
    const expected = await findings(through)
    expect(expected.alerts).toEqual(['log loss degraded', 'recent_late drifted'])

    await live(broken, flights, { days: 2 })
    broken.predict(flights.filter(({ eventTime }) => eventTime >= start + 2 * day))
    await broken.label(flights.filter(({ knownAt }) => knownAt > start + 2 * day))
    await world.settled(broken.project)
    // Event time moves on for days at once; before all of its windows are closed, everything stops.
    const { scope } = await world.as('maintainer', broken.project)
    expect(await world.kernel.watermark.advance(scope, start + 9 * day, 0)).toMatchObject({
      advanced: true,
      settled: false,
    })
    const closed = async () => (await broken.call('GET', 'monitors/arrivals/windows')).json.windows.length
    await expect.poll(closed, { interval: 2, timeout: 30_000 }).toBeGreaterThan(3)
    await world.kernel.jobs.stop()
    expect(await closed()).toBeLessThan(9)
    await world.close()

    world = await createWorld(options)
    const back = story(world, broken.project)
    await world.settled(broken.project, 30_000)
    expect(await findings(back)).toEqual(expected)
  } finally {
    await world.close()
    await rm(data, { recursive: true, force: true })
  }
}

describe('a server that stops in the middle of its work and comes back finds what one finds that never stopped', () => {
  test('on sqlite', () => restarted(undefined), 120_000)

  test('on postgres', async () => {
    const database = await createMigratedPostgresDatabase(migrateDatabase)
    try {
      await restarted(database.url)
    } finally {
      await database.drop()
    }
  }, 120_000)
})
