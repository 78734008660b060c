import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const flights = join(import.meta.dirname, '../../../../../node_modules/vega-datasets/data/flights-3m.parquet')

describeEachDatabase('datasets', ({ world }) => {
  const csv = (rows: string[]) => ['at,origin,distance', ...rows, ''].join('\n')
  const add = async (project: string, body: string | Uint8Array, query = 'format=csv&event_time=at') =>
    (await world.as('contributor', project)).call(
      'POST',
      `/api/v1/projects/${project}/datasets/flights/versions?${query}`,
      body,
      { 'content-type': 'application/octet-stream' },
    )
  const january = csv(['2001-01-01 10:00:00,ORD,599', '2001-01-02 11:30:00,SFO,1846', '2001-01-03 08:15:00,ORD,599'])

  test('a CSV file becomes version 1 with its schema, profile and event times', async () => {
    const project = await world.makeProject()
    const added = await add(project, january)
    expect(added.json).toMatchObject({
      unchanged: false,
      version: {
        version: 1,
        rows: 3,
        eventTimeColumn: 'at',
        minTime: Date.UTC(2001, 0, 1, 10),
        maxTime: Date.UTC(2001, 0, 3, 8, 15),
        state: 'valid',
      },
    })
    expect(added.json.version.columns).toEqual([
      { name: 'at', type: 'timestamp' },
      { name: 'origin', type: 'string' },
      { name: 'distance', type: 'integer' },
    ])
    const viewer = await world.as('viewer', project)
    const read = await viewer.call('GET', `/api/v1/projects/${project}/datasets/flights/versions/1`)
    const distance = read.json.profile.columns.find((c: { name: string }) => c.name === 'distance')
    expect(distance).toMatchObject({ count: 3, nulls: 0, min: 599, max: 1846 })
    expect(read.json.profile.columns.find((c: { name: string }) => c.name === 'origin').top).toEqual([
      { value: 'ORD', count: 2 },
      { value: 'SFO', count: 1 },
    ])
    const reader = await world.as('contributor', project)
    for (const part of ['rows', 'file']) {
      const url = `/api/v1/projects/${project}/datasets/flights/versions/1/${part}`
      const refused = await viewer.call('GET', url)
      expect([refused.status, refused.json.detail]).toEqual([403, expect.stringContaining('data:read-rows')])
      expect((await reader.call('GET', url)).status).toBe(200)
    }
  })

  test('appending adds rows to the newest version and leaves the old one as it was; the same file again is the same version', async () => {
    const project = await world.makeProject()
    await add(project, january)
    const more = csv(['2001-02-01 10:00:00,LAX,337'])
    const second = await add(project, more, 'format=csv&mode=append')
    expect(second.json.version).toMatchObject({
      version: 2,
      rows: 4,
      addedRows: 1,
      files: 2,
      maxTime: Date.UTC(2001, 1, 1, 10),
    })
    expect((await add(project, more, 'format=csv&mode=append')).json).toMatchObject({
      unchanged: true,
      version: { version: 2 },
    })
    const viewer = await world.as('contributor', project)
    expect(
      (await viewer.call('GET', `/api/v1/projects/${project}/datasets/flights/versions/1/rows`)).json.rows,
    ).toHaveLength(3)
    expect(
      (await viewer.call('GET', `/api/v1/projects/${project}/datasets/flights/versions/2/rows`)).json.rows,
    ).toHaveLength(4)
    expect(
      (await viewer.call('GET', `/api/v1/projects/${project}/datasets/flights/versions`)).json.versions.map(
        (v: { version: number }) => v.version,
      ),
    ).toEqual([2, 1])
  })

  test('a real Parquet file of three million rows is read, profiled and stored', async () => {
    const project = await world.makeProject()
    const added = await add(project, readFileSync(flights), 'format=parquet&event_time=date')
    expect(added.json.version).toMatchObject({
      rows: 3_000_000,
      columns: [{ name: 'date' }, { name: 'delay' }, { name: 'distance' }, { name: 'origin' }, { name: 'destination' }],
    })
  }, 60_000)

  test('rows that do not fit are refused with what differs, and nothing is stored', async () => {
    const project = await world.makeProject()
    await add(project, january)
    const wrong = await add(project, 'at,origin\n2001-02-01 10:00:00,LAX\n', 'format=csv&mode=append')
    expect([wrong.status, wrong.json.code]).toEqual([422, 'DATASETS.COLUMNS_CHANGED'])
    expect(wrong.json.detail).toContain('distance is missing')
    expect(
      (await (await world.as('viewer', project)).call('GET', `/api/v1/projects/${project}/datasets/flights`)).json
        .versions,
    ).toBe(1)
  })

  test('declared checks refuse or warn, each with what was found', async () => {
    const project = await world.makeProject()
    const contributor = await world.as('contributor', project)
    await contributor.call('PUT', `/api/v1/projects/${project}/datasets/flights`, {
      checks: [
        { kind: 'range', severity: 'block', column: 'distance', min: 1, max: 5000 },
        { kind: 'unique', severity: 'warn', columns: ['origin'] },
        { kind: 'nulls', severity: 'block', column: 'origin', maxShare: 0 },
        { kind: 'schema', severity: 'block', columns: [{ name: 'at', type: 'timestamp' }] },
        { kind: 'freshness', severity: 'block', column: 'at', maxAgeHours: 24 * 60 },
        { kind: 'values', severity: 'warn', column: 'origin', allowed: ['ORD', 'SFO'] },
      ],
    })
    const metres = await add(project, csv(['2001-01-05 10:00:00,ORD,18460']))
    expect([metres.status, metres.json.code]).toEqual([422, 'DATASETS.CHECKS_FAILED'])
    expect(metres.json.detail).toContain('distance runs from 18460 to 18460')
    const warned = await add(project, january)
    expect(warned.json.version.state).toBe('warned')
    expect(
      warned.json.checks.filter((c: { passed: boolean }) => !c.passed).map((c: { message: string }) => c.message),
    ).toEqual(['origin repeats in 1 rows (1 values).'])
    const dataset = (await contributor.call('GET', `/api/v1/projects/${project}/datasets/flights`)).json
    expect(dataset.versions).toBe(1)
    await world.settled(project)
    const events = await contributor.call('GET', `/api/v1/projects/${project}/events?name=dataset.version-rejected`)
    expect(events.json.events).toHaveLength(1)
  })

  test('a broken Parquet file and a missing event-time column are named', async () => {
    const project = await world.makeProject()
    const broken = await add(project, 'PAR1 this is not a Parquet file PAR1', 'format=parquet')
    expect(broken.status).toBe(422)
    expect(broken.json.detail).toContain('the file for dataset "flights"')
    const missing = await add(project, january, 'format=csv&event_time=when')
    expect(missing.json.detail).toBe('There is no column "when". The file has: at, origin, distance.')
    expect((await add(project, '', 'format=csv')).json.code).toBe('DATASETS.EMPTY')
  })
})
