import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase, createS3Place, createWorld, type ServerProcess, spawnServer } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { startFaultyProxy } from '../../packages/server/src/drivers/blob-s3/faulty-proxy.fixture.ts'

const token = 'token-of-the-fault-tests-0123456789'
const full = process.env['CHAOS_FULL'] === '1'
const at = '/api/v1/projects/default'
const model = join(import.meta.dirname, '../../packages/server/src/drivers/onnx/fixtures/columns.onnx')
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('content with one flipped bit', () => {
  test('is found by every way of reading it, reported with what needs it, and never served', async () => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-faults-'))
    const world = await createWorld({ data })
    world.time.now = Date.now()
    try {
      const admin = await world.as('instance-admin')
      const must = async (...args: Parameters<typeof admin.call>) => {
        const answer = await admin.call(...args)
        if (answer.status >= 300) throw new Error(`${args[1]}: ${answer.status} ${answer.text}`)
        return answer.json
      }
      const csv = 'at,n\n2001-01-01 00:00:00,1\n2001-01-02 00:00:00,2\n'
      await must('POST', `${at}/datasets/readings/versions?format=csv&event_time=at`, csv, {
        'content-type': 'text/csv',
      })
      const { run } = await must('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
      const proxy = `/api/2.0/mlflow-artifacts/artifacts/0/${run.info.run_id}/artifacts`
      await must('PUT', `${proxy}/notes.txt`, 'notes that nobody may change', {})
      await must('PUT', `${proxy}/model/model.onnx`, await readFile(model), {})
      await must('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' })
      const source = `runs:/${run.info.run_id}/model`
      await must('POST', '/api/2.0/mlflow/model-versions/create', { name: 'late', source, run_id: run.info.run_id })
      await world.settled()

      const flipped = await flipAll(join(data, 'blobs'))
      expect(flipped).toBeGreaterThanOrEqual(3)
      const reads: [string, () => ReturnType<typeof admin.call>][] = [
        ['artifact', () => admin.call('GET', `${proxy}/notes.txt`)],
        ['part of an artifact', () => admin.call('GET', `${proxy}/notes.txt`, undefined, { range: 'bytes=0-3' })],
        ['model file', () => admin.call('GET', `${proxy}/model/model.onnx`)],
        ['rows of a dataset', () => admin.call('GET', `${at}/datasets/readings/versions/1/rows`)],
        ['model of a deployment', () => admin.call('POST', `${at}/deployments`, { name: 'late', model: 'late/1' })],
      ]
      for (const [what, read] of reads) {
        // A stream breaks off before its end, which `inject` tells as an error.
        const answer = await read().catch((error: unknown) => ({ status: 599, text: String(error) }))
        expect([what, answer.status >= 400], answer.text).toEqual([what, true])
        if (answer.status !== 599) expect(answer.text, what).toMatch(/damaged/i)
        expect(answer.text).not.toContain('notes that nobody may change')
      }
      const { damages } = await must('GET', '/api/v1/storage')
      const kinds = damages.flatMap((one: { owners: { kind: string }[] }) => one.owners.map(({ kind }) => kind))
      expect(new Set(kinds)).toEqual(new Set(['run', 'table', 'model']))
    } finally {
      await world.close()
      await rm(data, { recursive: true, force: true })
    }
  }, 60_000)
})

/** Turns one bit in the middle of every content; returns how many. */
async function flipAll(root: string): Promise<number> {
  let count = 0
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^[0-9a-f]{60,64}$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    await rm(path)
    await writeFile(path, bytes)
    count += 1
  }
  return count
}

test('a clock that is stepped by an hour, forth and back, loses nothing, and work that was queued meanwhile is done', async () => {
  const world = await createWorld({})
  try {
    const admin = await world.as('instance-admin')
    const { run } = (await admin.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json
    const log = async (step: number): Promise<number> => {
      const metrics = [{ key: 'loss', value: step, timestamp: step, step }]
      return (await admin.call('POST', '/api/2.0/mlflow/runs/log-batch', { run_id: run.info.run_id, metrics })).status
    }
    const csv = 'at,n\n2001-01-01 00:00:00,1\n'
    const add = async (name: string): Promise<number> =>
      (await admin.call('POST', `${at}/datasets/${name}/versions?format=csv`, csv, { 'content-type': 'text/csv' }))
        .status
    const yaml = "name: check\nsteps:\n  a: {kind: validate, in: {dataset: 'dataset:before@latest'}}\n"
    expect(await add('before')).toBe(200)
    expect((await admin.call('PUT', `${at}/pipelines/check`, { yaml, files: {} })).status).toBeLessThan(300)
    const runs: string[] = []
    let step = 0
    for (const change of [0, 3_600_000, -7_200_000, 3_600_000]) {
      world.time.now += change
      expect(await log((step += 1))).toBe(200)
      expect(await add(`after-${step}`)).toBe(200)
      // It is queued by the clock of this moment, and the clock goes on to the next step before it is looked at.
      runs.push((await admin.call('POST', `${at}/pipelines/check/runs`, {})).json.id)
    }
    await world.settled()
    for (const id of runs) expect((await admin.call('GET', `${at}/pipeline-runs/${id}`)).json.finishedAt).not.toBeNull()
    const history = await admin.call(
      'GET',
      `/api/2.0/mlflow/metrics/get-history?run_id=${run.info.run_id}&metric_key=loss`,
    )
    expect(history.json.metrics.map((point: { step: string }) => Number(point.step))).toEqual([1, 2, 3, 4])
    const { events } = (await admin.call('GET', `${at}/events?limit=1000&after=0`)).json
    const numbers = events.map(({ seq }: { seq: number }) => seq)
    expect(numbers.toSorted((a: number, b: number) => a - b)).toEqual(numbers.map((_: number, n: number) => n + 1))
    expect((await admin.call('POST', `${at}/events/verify`)).json).toMatchObject({ intact: true, problems: [] })
  } finally {
    await world.close()
  }
}, 60_000)

/** Sends a request to a server; undefined where nobody answered. */
async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string } | undefined> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}

describe.runIf(full)('a server on Postgres and S3', () => {
  test('whose database is away for ten seconds stays alive, says so, loses nothing and goes on by itself', async () => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-faults-'))
    const database = await createPostgresDatabase()
    const way = await wayTo(database.url)
    let server: ServerProcess | undefined
    try {
      server = await spawnServer({
        data,
        settings: { TRIVIUM_DATABASE_URL: way.url, TRIVIUM_ADMIN_TOKEN: token, TRIVIUM_LOG_LEVEL: 'silent' },
      })
      const { url } = server
      const made = await send(url, 'POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
      const run = JSON.parse(made?.text ?? '').run.info.run_id as string
      const acknowledged: number[] = []
      const statuses = new Map<number, number>()
      let over = false
      const writing = (async () => {
        for (let step = 1; !over; step += 1) {
          const metrics = [{ key: 'loss', value: 1, timestamp: step, step }]
          const answer = await send(url, 'POST', '/api/2.0/mlflow/runs/log-batch', { run_id: run, metrics })
          if (answer?.status === 200) acknowledged.push(step)
          const status = answer?.status ?? 0
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          await sleep(40)
        }
      })()
      await sleep(2000)
      const before = acknowledged.length
      way.cut()
      const health: (number | undefined)[] = []
      for (let n = 0; n < 10; n += 1) {
        health.push((await send(url, 'GET', '/healthz'))?.status)
        await sleep(1000)
      }
      expect(new Set(health)).toEqual(new Set([200]))
      const during = acknowledged.length
      way.mend()
      await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(during + 20)
      over = true
      await writing
      expect(before).toBeGreaterThan(0)
      const history = await send(
        url,
        'GET',
        `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss&max_results=25000`,
      )
      const kept = new Set(
        (JSON.parse(history?.text ?? '').metrics as { step: string }[]).map((point) => Number(point.step)),
      )
      expect(acknowledged.filter((step) => !kept.has(step))).toEqual([])
      expect((await send(url, 'POST', `${at}/events/verify`))?.text).toContain('"intact":true')
    } finally {
      await server?.kill('SIGTERM')
      way.close()
      await rm(data, { recursive: true, force: true })
      await database.drop()
    }
  }, 180_000)

  test('whose object store is slow and fails five calls of a hundred keeps whatever it acknowledged', async () => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-faults-'))
    const place = await createS3Place()
    const proxy = await startFaultyProxy(place.endpoint)
    let calls = 0
    const faults = ['503', '500', 'reset', 'cut', 'late'] as const
    proxy.fault = () => ((calls += 1) % 20 === 0 ? faults[(calls / 20) % faults.length] : undefined)
    proxy.delay = () => 40 + (calls % 7) * 15
    let server: ServerProcess | undefined
    try {
      server = await spawnServer({
        data,
        settings: {
          TRIVIUM_STORAGE_URL: place.url,
          TRIVIUM_STORAGE_ENDPOINT: proxy.endpoint,
          TRIVIUM_STORAGE_REGION: place.region,
          TRIVIUM_STORAGE_ACCESS_KEY_ID: place.accessKeyId,
          TRIVIUM_STORAGE_SECRET_ACCESS_KEY: place.secretAccessKey,
          TRIVIUM_ADMIN_TOKEN: token,
          TRIVIUM_LOG_LEVEL: 'silent',
        },
      })
      const { url } = server
      const made = await send(url, 'POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
      const run = JSON.parse(made?.text ?? '').run.info.run_id as string
      const artifact = (n: number): string => `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/file-${n}.txt`
      const contentOf = (n: number): string => `content ${n} `.repeat(500)
      const kept: number[] = []
      for (let n = 0; n < 80; n += 4)
        await Promise.all(
          [n, n + 1, n + 2, n + 3].map(async (one) => {
            if ((await send(url, 'PUT', artifact(one), contentOf(one)))?.status === 200) kept.push(one)
          }),
        )
      expect(kept.length).toBeGreaterThan(70)
      expect(proxy.faults).toBeGreaterThan(3)
      const wrong: number[] = []
      for (const n of kept) if ((await send(url, 'GET', artifact(n)))?.text !== contentOf(n)) wrong.push(n)
      expect(wrong).toEqual([])
    } finally {
      await server?.kill('SIGTERM')
      await proxy.close()
      await rm(data, { recursive: true, force: true })
    }
  }, 180_000)
})

/** A way to the database that can be cut and mended. */
async function wayTo(url: string): Promise<{ url: string; cut(): void; mend(): void; close(): void }> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let whole = true
  const server = createServer((from) => {
    from.on('error', () => {})
    if (!whole) return from.destroy()
    open.add(from)
    const to = connect(Number(port), hostname)
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    from.on('close', () => open.delete(from))
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const way = new URL(url)
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const drop = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: way.href,
    cut: () => {
      whole = false
      drop()
    },
    mend: () => {
      whole = true
    },
    close: () => {
      drop()
      server.close()
    },
  }
}
