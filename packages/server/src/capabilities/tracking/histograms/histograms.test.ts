import type { HistogramPoint } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { evenly } from './histograms-thread.ts'
import { logHistograms } from './log-histograms.ts'

const histogram = (step: number, more: Partial<HistogramPoint> = {}): HistogramPoint => ({
  key: 'gradients/conv1',
  step,
  timestamp: 1000 + step,
  edges: [-1, 0, 0.5, 3],
  counts: [4, 0, 2],
  count: 6,
  min: -0.75,
  max: 2 + step,
  sum: 1.5,
  sumSquares: 0.1 + 0.2,
  ...more,
})

describeEachDatabase('histograms of a run', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const at = `/api/v1/projects/${project}`
    const start = async () => (await client.call('POST', `${at}/runs`, { experiment: 'nets' })).json.id as string
    const run = await start()
    const add = (...histograms: unknown[]) => client.call('POST', `${at}/runs/${run}/histograms`, { histograms })
    const series = async (query = '') =>
      (await client.call('GET', `${at}/runs/${run}/histogram-series?key=gradients/conv1${query}`)).json
    const keys = async () => (await client.call('GET', `${at}/runs/${run}/histograms`)).json.keys
    return { project, client, at, run, start, add, series, keys }
  }

  test('are kept once, as they were sent, and one that differs is kept beside the other', async () => {
    const { project, add, series, keys, run } = await setup()
    const heard: unknown[] = []
    const deaf = world.kernel.volatile.subscribe(project, (message) => heard.push(message))
    expect((await add(histogram(2), histogram(1), histogram(1))).json).toEqual({ added: 2 })
    expect((await add(histogram(1), histogram(3))).json).toEqual({ added: 1 })
    expect((await add(histogram(1))).json).toEqual({ added: 0 })
    deaf()
    expect(heard).toEqual([
      { channel: 'run.histograms', payload: { run, keys: ['gradients/conv1'] } },
      { channel: 'run.histograms', payload: { run, keys: ['gradients/conv1'] } },
    ])
    const { key: _, ...whole } = histogram(1)
    expect(await series()).toMatchObject({
      key: 'gradients/conv1',
      total: 3,
      points: [whole, { step: 2 }, { step: 3 }],
    })
    const other = histogram(1, { counts: [3, 1, 2], nan: 2, positiveInfinities: 1 })
    expect(
      (await add(other, histogram(-4, { key: 'weights', count: 0, counts: [0, 0, 0], min: null, max: null }))).json,
    ).toEqual({
      added: 2,
    })
    const after = await series()
    expect(after.total).toBe(4)
    expect(after.points.filter((one: HistogramPoint) => one.step === 1)).toEqual(
      expect.arrayContaining([whole, expect.objectContaining({ counts: [3, 1, 2], nan: 2, positiveInfinities: 1 })]),
    )
    expect(await keys()).toEqual([
      { key: 'gradients/conv1', points: 4, firstStep: 1, lastStep: 3, timestamp: 1003, low: -0.75, high: 5 },
      { key: 'weights', points: 1, firstStep: -4, lastStep: -4, timestamp: 996, low: null, high: null },
    ])
  })

  test('two batches at once with the same points keep each once', async () => {
    const { add, series } = await setup()
    const points = Array.from({ length: 40 }, (_, step) => histogram(step))
    const answers = await Promise.all([add(...points), add(...points), add(...points)])
    expect(answers.reduce((sum, { json }) => sum + json.added, 0)).toBe(40)
    expect((await series()).total).toBe(40)
  })

  test('what is no histogram is refused with its name and the reason, and nothing of the request is kept', async () => {
    const { client, run, add, keys } = await setup()
    const wrong: [Partial<HistogramPoint> | Record<string, unknown>, string][] = [
      [{ edges: [0, 1] }, '2 edges for 3 bins'],
      [{ edges: [0, 1, 1, 2] }, 'edge 2 is not greater'],
      [{ count: 7 }, 'its bins hold 6, its count is 7'],
      [{ min: null }, 'null where it has no values'],
      [{ min: 9, max: 3 }, 'min is greater than max'],
    ]
    for (const [change, why] of wrong) {
      const { status, json } = await add(histogram(0), histogram(1, change))
      expect([status, json.code]).toEqual([400, 'TRACKING.BAD_HISTOGRAM'])
      expect(json.detail).toContain(`Histogram 1 of the request ("gradients/conv1" at step 1) is none: `)
      expect(json.detail).toContain(why)
    }
    for (const change of [
      { counts: [4, -1, 3] },
      { key: '' },
      { key: 'a\u0000b' },
      { step: 1.5 },
      { step: 2 ** 60 },
      { timestamp: -1 },
      { unknown: 1 },
      { edges: Array.from({ length: 514 }, (_, i) => i), counts: Array.from({ length: 513 }, () => 0) },
    ])
      expect([change, (await add(histogram(0), histogram(1, change as never))).status]).toEqual([change, 400])
    for (const change of [{ sum: Number.POSITIVE_INFINITY }, { edges: [-1, 0, 1, Number.POSITIVE_INFINITY] }])
      await expect(logHistograms(world.kernel, client.scope, run, [histogram(0, change)])).rejects.toThrow('not finite')
    expect(await keys()).toEqual([])
  })

  test('a run holds so many and no more', async () => {
    const { client, run, keys, series } = await setup()
    const log = (points: HistogramPoint[], limits: { keys: number; size: number }) =>
      logHistograms(world.kernel, client.scope, run, points, limits)
    const two = { keys: 2, size: 1e6 }
    await log([histogram(0), histogram(0, { key: 'b' })], two)
    await expect(log([histogram(1), histogram(0, { key: 'c' })], two)).rejects.toThrow('under 2 keys')
    expect(await log([histogram(1)], two)).toBe(1)
    const size = JSON.stringify(histogram(0)).length * 4
    await expect(
      log(
        Array.from({ length: 9 }, (_, i) => histogram(10 + i)),
        { keys: 2, size },
      ),
    ).rejects.toThrow('MB of histograms')
    // What is there may be sent again, however full the run is.
    expect(await log([histogram(0)], { keys: 1, size: 1 })).toBe(0)
    expect(await keys()).toHaveLength(2)
    expect((await series()).total).toBe(2)
  })

  test('ten thousand steps are thinned evenly with both ends, and a range gives those between', async () => {
    const { add, series } = await setup()
    for (let from = 0; from < 10_000; from += 500)
      expect((await add(...Array.from({ length: 500 }, (_, i) => histogram(from + i)))).status).toBe(200)
    const { total, points } = await series('&points=100')
    expect(total).toBe(10_000)
    const steps: number[] = points.map((one: HistogramPoint) => one.step)
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([100, 0, 9999])
    for (const [i, step] of steps.entries()) if (i > 0) expect(step - (steps[i - 1] ?? 0)).toBe(101)
    const part = await series('&from_step=500&to_step=509')
    expect([part.total, part.points.length, part.points[0].step]).toEqual([10, 10, 500])
    expect(evenly([1, 2, 3], 1)).toEqual([3])
  }, 60_000)

  test('belong to one project, need the permissions of runs, and go with their run', async () => {
    const { project, client, at, run, add, start } = await setup()
    await add(histogram(0))
    const elsewhere = await setup()
    const viewer = await world.as('viewer', project)
    for (const [method, path] of [
      ['GET', 'histograms'],
      ['GET', 'histogram-series?key=gradients/conv1'],
      ['POST', 'histograms'],
    ] as const) {
      const body = method === 'POST' ? { histograms: [histogram(5)] } : undefined
      const there = await elsewhere.client.call(method, `${elsewhere.at}/runs/${run}/${path}`, body)
      expect([method, path, there.status]).toEqual([method, path, 404])
      const seen = (await viewer.call(method, `${at}/runs/${run}/${path}`, body)).status
      expect([method, path, seen]).toEqual([method, path, method === 'GET' ? 200 : 403])
    }
    const kept = await start()
    const histograms = [histogram(1)]
    await client.call('POST', `${at}/runs/${kept}/histograms`, { histograms })
    await client.call('DELETE', `${at}/runs/${run}`)
    expect(await add(histogram(6))).toMatchObject({ status: 400, json: { code: 'TRACKING.RUN_NOT_ACTIVE' } })
    expect(await client.call('POST', `${at}/trash/remove`, { runs: [run] })).toMatchObject({ status: 202 })
    const left = async () => {
      const db = world.kernel.db.read
      const counts = []
      for (const table of ['run_histogram', 'run_histogram_point', 'removed_histogram'] as const)
        counts.push((await db.selectFrom(table).selectAll().where('project_id', '=', project).execute()).length)
      return counts
    }
    await expect.poll(left).toEqual([1, 1, 0])
    expect((await client.call('GET', `${at}/runs/${kept}/histograms`)).json.keys).toHaveLength(1)
  })
})
