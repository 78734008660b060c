import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { oneServer, twoReplicas } from './installation.ts'
import { type Seeded, type Send, writeTraffic } from './traffic.ts'

// Without a number as many as `npm test` has time for: `npm run chaos -- --kills 300` makes it so many on each.
const given = process.env['CHAOS_KILLS']
const seed = Number(process.env['CHAOS_SEED'] ?? 7)
const leaseMs = Number(process.env['CHAOS_LEASE_MS'] ?? 1500)
const model = join(import.meta.dirname, '../../packages/server/src/drivers/onnx/fixtures/columns.onnx')
const api = (path: string) => `/api/v1/projects/default/${path}`

/** A small generator with a seed, so that a failing order of kills can be run again. */
function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const places = {
  sqlite: { name: 'one server on SQLite', kills: Number(given ?? 12), make: oneServer },
  replicas: { name: 'two servers on Postgres and S3', kills: Number(given ?? 8), make: twoReplicas },
}
const chosen = Object.entries(places).filter(([place]) => (process.env['CHAOS_ON'] ?? place) === place)

for (const [, { name, kills, make }] of chosen)
  test(
    `${kills} random kills of main, gateway and tables of ${name} lose nothing that was acknowledged`,
    async () => {
      const installation = await make(leaseMs)
      const { send } = installation
      try {
        const seeded = await seedServer(send)
        let over = false
        const traffic = writeTraffic(send, seeded, () => over)
        const random = randomOf(seed)
        const killed = { main: 0, gateway: 0, tables: 0 }
        for (let n = 0; n < kills; n += 1) {
          await new Promise((resolve) => setTimeout(resolve, 200 + random() * 900))
          killed[await installation.killOne(random)] += 1
        }
        over = true
        const done = await traffic
        expect(killed.main).toBeGreaterThan(0)
        await settled(send)
        await verify(send, seeded, done)
        // And the same after one more start: what is there is on disk.
        await installation.restart()
        await settled(send)
        await verify(send, seeded, done)
      } finally {
        await installation.stop()
      }
    },
    300_000 + kills * 6000,
  )

async function must(what: Promise<any>): Promise<any> {
  const answer = await what
  if (answer === undefined) throw new Error('The server did not answer although nothing was killed.')
  return answer
}

async function seedServer(send: Send): Promise<Seeded> {
  await must(send('POST', api('people'), { name: 'trainer', kind: 'service', role: 'contributor' }))
  const { secret } = await must(send('POST', api('tokens'), { name: 'trainer', for: 'trainer' }))
  const { run } = await must(
    send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: 1, run_name: 'chaos' }, secret),
  )
  const id: string = run.info.run_id
  await must(
    send(
      'PUT',
      `/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/model/model.onnx`,
      new Uint8Array(await readFile(model)),
      secret,
    ),
  )
  await must(send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' }, secret))
  await must(
    send(
      'POST',
      '/api/2.0/mlflow/model-versions/create',
      { name: 'late', source: `runs:/${id}/model`, run_id: id },
      secret,
    ),
  )
  await must(send('POST', api('deployments'), { name: 'late', model: 'late/1' }))
  await must(send('PUT', api('models/late/policy'), { approval: 'required' }))
  await must(
    send('PUT', api('feature-views/arrivals'), {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '3h',
      features: { arrivals: 'count(*)' },
    }),
  )
  return { run: id, trainerToken: secret }
}

async function settled(send: Send): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const state = await send('GET', api('watermark'))
    if (state?.settled) return
    // An approval that was asked for when main was killed: nobody decided it, and the server names only the first thing that it waits for.
    if (state?.blockers[0].startsWith('a person has to decide')) {
      const waiting = await must(send('GET', `${api('inbox')}?view=mine`))
      for (const item of waiting.items as { id: string }[])
        await must(send('POST', api(`inbox/${item.id}/decision`), { option: 'approve', reason: 'left by a kill' }))
    }
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  throw new Error(`The server did not settle after the kills: ${JSON.stringify(await send('GET', api('watermark')))}`)
}

async function verify(send: Send, { run }: Seeded, done: Awaited<ReturnType<typeof writeTraffic>>): Promise<void> {
  const history = await must(
    send('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss&max_results=25000`),
  )
  const points = (history.metrics as { step: number }[]).map((point) => Number(point.step))
  const steps = new Set(points)
  expect(points).toHaveLength(steps.size)
  expect([...done.metrics].filter((step) => !steps.has(step))).toEqual([])
  expect(done.metrics.size).toBeGreaterThan(0)

  for (const [version, rows] of done.datasetVersions) {
    const found = await must(send('GET', api(`datasets/readings/versions/${version}`)))
    expect(found.version.rows).toBe(rows)
    const { rows: read } = await must(send('GET', api(`datasets/readings/versions/${version}/rows?limit=1000`)))
    expect(read).toHaveLength(rows)
  }

  const [predictions, labels] = await readLog(send)
  expect([...done.predictions].filter((id) => !predictions.has(id))).toEqual([])
  expect([...done.labels].filter((id) => !labels.has(id))).toEqual([])
  expect(done.predictions.size).toBeGreaterThan(0)

  const { rows } = await must(send('GET', api('feature-views/arrivals')))
  expect(rows).toBeGreaterThanOrEqual(done.featureRows.size)
  // A server takes over in a moment what was pushed at another one.
  for (let tries = 0; ; tries += 1) {
    const parity = await must(send('POST', api('feature-views/arrivals/parity'), { sample: 200 }))
    if (parity.different > 0 && tries < 40) await new Promise((resolve) => setTimeout(resolve, 150))
    else {
      expect(parity.different).toBe(0)
      break
    }
  }

  for (const item of done.approvals) expect((await must(send('GET', api(`inbox/${item}`)))).state).toBe('decided')
  await expectNoGaps(send)
  const chain = await must(send('POST', api('events/verify')))
  expect([chain.problems, chain.intact]).toEqual([[], true])
  expect(chain.checkpoint.seq).toBeGreaterThan(0)
}

async function readLog(send: Send): Promise<[Set<string>, Set<string>]> {
  const predictions = new Set<string>()
  const labels = new Set<string>()
  let page = ''
  do {
    const part = await must(
      send(
        'GET',
        `${api('deployments/late/predictions')}?limit=1000&from=0&to=${Date.UTC(2002, 0, 1)}&as_of=${Date.UTC(2002, 0, 1)}${page}`,
      ),
    )
    for (const row of part.predictions as { id: string; label: unknown }[]) {
      expect(predictions.has(row.id), `prediction ${row.id} is there twice`).toBe(false)
      predictions.add(row.id)
      if (row.label !== null) labels.add(row.id)
    }
    page = part.nextPageToken === null ? '' : `&page_token=${encodeURIComponent(part.nextPageToken)}`
  } while (page !== '')
  return [predictions, labels]
}

/** Every event is in this project, so the sequence has to be 1, 2, 3, … */
async function expectNoGaps(send: Send): Promise<void> {
  let cursor = 0
  for (;;) {
    const { events, head } = await must(send('GET', `${api('events')}?after=${cursor}&limit=1000`))
    for (const { seq } of events as { seq: number }[]) {
      expect(seq).toBe(cursor + 1)
      cursor = seq
    }
    if (events.length < 1000) {
      expect(cursor).toBe(head)
      return
    }
  }
}
