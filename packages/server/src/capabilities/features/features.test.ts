import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const hour = 3_600_000
const start = Date.UTC(2001, 0, 10)

describeEachDatabase('features', ({ world }) => {
  const definition = {
    keys: ['airport'],
    columns: { delay: 'number' },
    window: '3h',
    features: { recent_late: 'avg(delay > 15)', recent_arrivals: 'count(*)', recent_delay: 'sum(delay) / count(*)' },
    defaults: { recent_late: 0.2, recent_arrivals: 0 },
  }
  const define = async (project: string, body: unknown = definition) =>
    (await world.as('contributor', project)).call(
      'PUT',
      `/api/v1/projects/${project}/feature-views/origin-delays`,
      body,
    )
  const row = (id: string, airport: string, at: number, delay: number | null, knownAt = at) => ({
    id,
    key: { airport },
    eventTime: at,
    knownAt,
    values: { delay },
  })
  const push = async (project: string, rows: unknown[]) =>
    (await world.as('contributor', project)).call(
      'POST',
      `/api/v1/projects/${project}/feature-views/origin-delays/rows`,
      { rows },
    )
  const lookup = async (project: string, airport: string, asOf: number) =>
    (
      await (
        await world.as('contributor', project)
      ).call('POST', `/api/v1/projects/${project}/feature-views/origin-delays/lookup`, { keys: [{ airport }], asOf })
    ).json.rows[0]

  test('a lookup sees only rows of the window that were known by then', async () => {
    const project = await world.makeProject()
    await define(project)
    await push(project, [
      row('a', 'ORD', start, 30),
      row('b', 'ORD', start + hour, 5),
      row('late', 'ORD', start + hour, 90, start + 4 * hour),
      row('c', 'SFO', start, 60),
    ])
    expect(await lookup(project, 'ORD', start + 2 * hour)).toEqual({
      recent_late: 0.5,
      recent_arrivals: 2,
      recent_delay: 17.5,
    })
    // The window is open at its old end: exactly three hours later the first row has left.
    expect(await lookup(project, 'ORD', start + 3 * hour)).toEqual({
      recent_late: 0,
      recent_arrivals: 1,
      recent_delay: 5,
    })
    expect(await lookup(project, 'ORD', start + 4 * hour - 1)).toEqual({
      recent_late: 0,
      recent_arrivals: 1,
      recent_delay: 5,
    })
    expect(await lookup(project, 'JFK', start + hour)).toEqual({
      recent_late: 0.2,
      recent_arrivals: 0,
      recent_delay: null,
    })
  })

  test('pushing a row again adds nothing, online and offline', async () => {
    const project = await world.makeProject()
    await define(project)
    expect((await push(project, [row('a', 'ORD', start, 30)])).json.added).toBe(1)
    expect((await push(project, [row('a', 'ORD', start, 30), row('b', 'ORD', start + 1, 10)])).json.added).toBe(1)
    const parity = await (await world.as('viewer', project)).call(
      'POST',
      `/api/v1/projects/${project}/feature-views/origin-delays/parity`,
      {},
    )
    expect(parity.json).toMatchObject({ compared: 6, different: 0 })
    // Which key had which features is a matter of rows.
    const asked = await (await world.as('viewer', project)).call(
      'POST',
      `/api/v1/projects/${project}/feature-views/origin-delays/lookup`,
      { keys: [{ airport: 'ORD' }] },
    )
    expect([asked.status, asked.json.detail]).toEqual([403, expect.stringContaining('data:read-rows')])
  })

  test('point-in-time SQL and the online lookup agree on every feature of random rows', async () => {
    const project = await world.makeProject()
    await define(project)
    let seed = 7
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    const rows = Array.from({ length: 3000 }, (_, i) => {
      const at = start + Math.floor(random() * 24 * hour)
      return row(
        `r${i}`,
        ['ORD', 'SFO', 'ATL', 'DFW'][Math.floor(random() * 4)] ?? '',
        at,
        random() < 0.1 ? null : Math.round(random() * 100 - 30),
        at + Math.floor(random() * hour),
      )
    })
    await push(project, rows)
    const parity = await (await world.as('viewer', project)).call(
      'POST',
      `/api/v1/projects/${project}/feature-views/origin-delays/parity`,
      { sample: 1000 },
    )
    expect(parity.json.differences).toEqual([])
    expect(parity.json.compared).toBeGreaterThan(900)
  })

  test('a changed definition is the next version; changed columns are refused', async () => {
    const project = await world.makeProject()
    expect((await define(project)).json.version).toBe(1)
    expect((await define(project)).json.version).toBe(1)
    expect((await define(project, { ...definition, window: '6h' })).json.version).toBe(2)
    expect((await define(project, { ...definition, columns: { delay: 'number', gate: 'string' } })).json.code).toBe(
      'FEATURES.SHAPE_CHANGED',
    )
  })

  test('wrong definitions and rows are named', async () => {
    const project = await world.makeProject()
    const detail = async (features: Record<string, string>) =>
      (await define(project, { ...definition, features })).json.detail
    expect(await detail({ x: 'avg(speed)' })).toBe(
      'Feature "x" = avg(speed): there is no column "speed"; the view has delay.',
    )
    expect(await detail({ x: 'delay' })).toContain('has to stand inside an aggregate')
    expect(await detail({ x: 'median(delay)' })).toContain('there is no function "median"')
    expect(await detail({ x: 'avg(delay' })).toContain('expected ")"')
    expect(await detail({ x: 'avg(delay); drop table x' })).toContain('";" is not understood')
    await define(project)
    expect((await push(project, [{ ...row('a', 'ORD', start, 1), values: { speed: 3 } }])).json.detail).toBe(
      'Row "a" has a value "speed"; the view has delay.',
    )
    expect((await push(project, [{ ...row('a', 'ORD', start, 1), values: { delay: 'late' } }])).json.detail).toBe(
      'Row "a": delay must be a number or null; got "late".',
    )
    expect((await push(project, [row('a', 'ORD', start, 1, start - 1)])).json.code).toBe('FEATURES.KNOWN_BEFORE_EVENT')
    expect((await push(project, [{ ...row('a', 'ORD', start, 1), key: { plane: 'N1' } }])).json.detail).toContain(
      'needs the key "airport"',
    )
  })
})
