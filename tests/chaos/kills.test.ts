import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createPostgresDatabase } from '../../packages/testing/src/postgres.ts'
import { type ServerProcess, spawnServer } from '../../packages/testing/src/spawn-server.ts'
import { type Seeded, type Send, writeTraffic } from './traffic.ts'
import { gatewayPid, tablesPids } from './victims.ts'

const kills = Number(process.env['CHAOS_KILLS'] ?? 20)
const seed = Number(process.env['CHAOS_SEED'] ?? 7)
const token = 'token-of-the-kill-test-0123456789'
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

test(`${kills} random kills of main, gateway and tables lose nothing that was acknowledged`, async () => {
  const data = await mkdtemp(join(tmpdir(), 'trivium-chaos-'))
  // CHAOS_DATABASE=postgres: the same on the real Postgres of the test run.
  const database = process.env['CHAOS_DATABASE'] === 'postgres' ? await createPostgresDatabase() : undefined
  const settings = {
    ...(database ? { TRIVIUM_DATABASE_URL: database.url } : {}),
    TRIVIUM_ADMIN_TOKEN: token,
    TRIVIUM_LEASE_MS: '1500',
    TRIVIUM_LOG_LEVEL: 'silent',
  }
  let server: ServerProcess = await spawnServer({ data, settings })
  const { port } = new URL(server.url)
  const start = async (): Promise<void> => {
    server = await spawnServer({ data, settings, flags: ['--port', port] })
  }
  const send: Send = async (method, path, body, as = token) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${as}`,
          ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
        },
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await response.text()
      if (response.ok) return text === '' ? {} : JSON.parse(text)
      // A mistake of this test must not look like a server that was away.
      if (response.status < 500 && response.status !== 409 && response.status !== 401)
        throw new TypeError(`${method} ${path}: ${response.status} ${text}`)
      return undefined
    } catch (error) {
      if (error instanceof TypeError && error.message.startsWith(method)) throw error
      return undefined
    }
  }
  try {
    const seeded = await seedServer(send)
    let over = false
    const traffic = writeTraffic(send, seeded, () => over)
    const random = randomOf(seed)
    const killed = { main: 0, gateway: 0, tables: 0 }
    for (let n = 0; n < kills; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random() * 900))
      const choice = random()
      const gateway = gatewayPid(data)
      const [tables] = tablesPids(server.pid)
      if (choice < 0.35 && gateway !== undefined) {
        killed.gateway += 1
        kill(gateway)
      } else if (choice < 0.65 && tables !== undefined) {
        killed.tables += 1
        kill(tables)
      } else {
        killed.main += 1
        await server.kill('SIGKILL')
        await start()
      }
    }
    over = true
    const done = await traffic
    expect(killed.main).toBeGreaterThan(0)
    await settled(send)
    await verify(send, seeded, done)
    // And the same after one more start: what is there is on disk.
    await server.kill('SIGTERM')
    await start()
    await settled(send)
    await verify(send, seeded, done)
  } finally {
    await server.kill('SIGTERM')
    await rm(data, { recursive: true, force: true })
    await database?.drop()
  }
}, 600_000)

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

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
  const parity = await must(send('POST', api('feature-views/arrivals/parity'), { sample: 200 }))
  expect(parity.different).toBe(0)

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
