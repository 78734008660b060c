import { metricDefinitions } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

describeEachDatabase('figures and state of the server', ({ world }) => {
  test('a scrape names only documented families and counts the requests by route', async () => {
    const project = await world.makeProject()
    const { call } = await world.as('maintainer', project)
    await call('GET', `/api/v1/projects/${project}/events`)
    const { text } = await call('GET', '/metrics')
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    expect(Object.keys(metricDefinitions)).toEqual(expect.arrayContaining(families))
    expect(text).toMatch(
      /trivium_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/projects\/:project\/events",status="200"\} [1-9]/,
    )
    expect(text).toMatch(/^trivium_resident_memory_bytes\{process="main"\} [1-9]\d{7,}$/m)
    expect(text).toMatch(/^trivium_event_consumer_lag\{consumer="lineage"\} \d+$/m)
    expect(text).toMatch(/^trivium_metrics_errors_total 0$/m)
  })

  test('OpenMetrics is answered to who asks for it', async () => {
    const { call } = await world.as('maintainer')
    const answer = await call('GET', '/metrics', undefined, { accept: 'application/openmetrics-text; version=1.0.0' })
    expect(answer.text.endsWith('# EOF\n')).toBe(true)
  })

  test('the state says what was looked at, and a job that nobody works on in time is told', async () => {
    const project = await world.makeProject()
    const { call } = await world.as('maintainer', project)
    const before = (await call('GET', '/api/v1/status')).json
    expect(before.findings.map((one: { check: string }) => one.check)).toEqual([
      'database',
      'servers',
      'events',
      'jobs',
      'gateway',
      'code',
      'disk',
      'secrets',
      'memory',
    ])
    expect(before.findings.find((one: { check: string }) => one.check === 'gateway').found).toBe('nothing is deployed')
    await world.kernel.jobs.stop()
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.jobs.enqueue(trx, {
        project,
        kind: 'monitor',
        input: { monitor: 'none' },
        notBefore: world.time.now - 700_000,
      }),
    )
    const after = (await call('GET', '/api/v1/status')).json
    expect(after.state).toBe('failed')
    expect(after.findings.find((one: { check: string }) => one.check === 'jobs')).toMatchObject({
      state: 'failed',
      found: 'the oldest has waited 700 s',
    })
  })

  test('a viewer is told neither figures nor state', async () => {
    const { call } = await world.as('viewer')
    expect((await call('GET', '/metrics')).status).toBe(403)
    expect((await call('GET', '/api/v1/status')).status).toBe(403)
  })
})
