import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import expected from '../../drivers/onnx/fixtures/expected.json' with { type: 'json' }

const token = 'admin-token-of-the-serving-test-0001'
const [row] = expected.columns.rows
const project = '/api/v1/projects/default'
const program = `
  import { loadConfig, startServer } from '@trivium/server'
  const server = await startServer(loadConfig({ flags: { data: process.argv[1], adminToken: '${token}', port: 0, logLevel: 'error' }, environment: {} }))
  const say = () => console.log(JSON.stringify({ url: server.url, inferenceUrl: server.inferenceUrl }))
  process.on('SIGUSR2', say)
  process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)))
  say()
`

interface Main {
  process: ChildProcess
  url: string
  /** Asks again where inference clients connect. */
  inferenceUrl(): Promise<string>
}

let data = ''
let main: Main

async function startMain(): Promise<Main> {
  const child = spawn(process.execPath, ['--conditions=trivium-source', '--input-type=module', '-e', program, data], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const next = async (): Promise<{ url: string; inferenceUrl: string }> => {
    const { value } = await lines.next()
    if (value === undefined) throw new Error('The server ended at its start.')
    return JSON.parse(value)
  }
  const { url } = await next()
  return { process: child, url, inferenceUrl: () => (child.kill('SIGUSR2'), next().then((line) => line.inferenceUrl)) }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', resolve))
const control = () =>
  JSON.parse(readFileSync(join(data, 'gateway/control.json'), 'utf8')) as { pid: number; port: number }

// biome-ignore lint: tests look into answers of every shape
async function call(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: any; headers: Headers }> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    json: text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined,
    headers: response.headers,
  }
}

/** Logs the fixture with the routes that MLflow's client uses, and registers it. */
async function register(file: string): Promise<void> {
  const mlflow = '/api/2.0/mlflow'
  const { json } = await call(main.url, 'POST', `${mlflow}/runs/create`, { experiment_id: '0' })
  const artifact: string = json.run.info.artifact_uri
  const run: string = json.run.info.run_id
  const path = new URL(
    `${artifact.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts')}/model/model.onnx`,
    main.url,
  ).pathname
  const put = await fetch(`${main.url}${path.replaceAll(/\/{2,}/g, '/')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
    body: await readFile(join(import.meta.dirname, '../../drivers/onnx/fixtures', file)),
  })
  expect(put.status).toBe(200)
  await call(main.url, 'POST', `${mlflow}/registered-models/create`, { name: 'late' })
  const made = await call(main.url, 'POST', `${mlflow}/model-versions/create`, {
    name: 'late',
    source: `runs:/${run}/model`,
    run_id: run,
  })
  expect(made.status).toBe(200)
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'trivium-serving-'))
  main = await startMain()
}, 60_000)
afterAll(async () => {
  main.process.kill('SIGTERM')
  await ended(main.process)
  await rm(data, { recursive: true, force: true })
})

describe('a server with a gateway', () => {
  test('before the first deployment the inference routes say what is missing', async () => {
    expect(
      (await call(main.url, 'POST', '/deployments/late/predict', { inputs: row }, { authorization: '' })).status,
    ).toBe(401)
    const none = await call(main.url, 'POST', '/deployments/late/predict', { inputs: row })
    expect([none.status, none.json.code]).toEqual([404, 'SERVING.NO_DEPLOYMENT'])
    expect((await call(main.url, 'GET', '/v2/models/late')).json).toEqual({ error: none.json.detail })
    expect(await main.inferenceUrl()).toBe(main.url)
    expect(existsSync(join(data, 'gateway/control.json'))).toBe(false)
  })

  test("a model logged over MLflow's routes is deployed by one call, and one port is enough", async () => {
    await register('columns.onnx')
    await register('columns-2.onnx')
    const deployed = await call(main.url, 'POST', `${project}/deployments`, { name: 'late', model: 'late/1' })
    expect([deployed.status, deployed.json.deployment?.state, deployed.json.detail]).toEqual([201, 'ready', undefined])
    expect(await main.inferenceUrl()).toBe(`http://127.0.0.1:${control().port}`)
    for (const base of [main.url, await main.inferenceUrl()]) {
      const answer = await call(base, 'POST', '/deployments/late/predict', { inputs: row, id: base })
      expect(answer.json.predictions[0].outputs.probabilities_1).toBeCloseTo(
        expected.columns.probabilities[0]?.[1] ?? Number.NaN,
        5,
      )
      expect((await call(base, 'GET', '/v2/models/late/ready')).json).toEqual({ name: 'late', ready: true })
      expect((await call(base, 'POST', '/invocations', { dataframe_records: [row] })).json.predictions[0].label).toBe(
        expected.columns.label[0],
      )
      expect((await call(base, 'POST', '/deployments/late/predict', { inputs: { distance: 'abc' } })).json.code).toBe(
        'PREDICT.INVALID',
      )
      expect(
        (await call(base, 'POST', '/deployments/late/predict', { inputs: row }, { authorization: 'Bearer wrong' }))
          .status,
      ).toBe(401)
    }
  })

  test('through main as at the gateway nothing is answered without a token', async () => {
    const routes = [
      'GET /v2',
      'GET /v2/health/live',
      'GET /v2/models/late',
      'POST /v2/models/late/infer',
      'POST /deployments/late/predict',
      'POST /deployments/late/invocations',
      'POST /invocations',
      'GET /v2/anything',
    ]
    for (const base of [main.url, await main.inferenceUrl()]) {
      for (const route of routes) {
        const [method = '', path = ''] = route.split(' ')
        const { status } = await call(base, method, path, method === 'POST' ? {} : undefined, { authorization: '' })
        expect([route, status]).toEqual([route, 401])
      }
    }
  })

  test('everything about a deployment is there over HTTP', async () => {
    await call(main.url, 'POST', `${project}/deployments`, { name: 'late', model: 'late@nobody' }).then(({ status }) =>
      expect(status).toBe(404),
    )
    expect(
      (await call(main.url, 'POST', `${project}/deployments`, { name: 'late', model: 'late/2' })).json.release.number,
    ).toBe(2)
    const back = await call(main.url, 'POST', `${project}/deployments/late/rollback`, { reason: 'try' })
    expect([back.status, back.json.release.number, back.json.deployment.previous.number]).toEqual([200, 1, 2])
    const { json: list } = await call(main.url, 'GET', `${project}/deployments`)
    expect(list.deployments).toMatchObject([{ name: 'late', state: 'ready', current: { number: 1, active: true } }])
    expect(list.deployments[0].traffic.predictions).toBeGreaterThan(0)
    const { json: releases } = await call(main.url, 'GET', `${project}/deployments/late/releases`)
    expect(releases.releases.map((one: { number: number; active: boolean }) => [one.number, one.active])).toEqual([
      [2, false],
      [1, true],
    ])
    expect((await call(main.url, 'GET', `${project}/releases/${releases.releases[0].id}`)).json.manifest.version).toBe(
      2,
    )
    const tried = await call(main.url, 'POST', `${project}/deployments/late/try`, { inputs: row })
    expect([tried.status, tried.json.version]).toEqual([200, 1])
    expect(
      (await call(main.url, 'POST', `${project}/deployments`, { name: 'late', model: 'late/1', colour: 'red' })).json
        .detail,
    ).toBe('Unknown field body.colour.')
  })

  test('kill -9 of the server leaves the gateway answering; the next server adopts it', async () => {
    const { pid } = control()
    const inference = await main.inferenceUrl()
    main.process.kill('SIGKILL')
    await ended(main.process)
    expect((await call(inference, 'POST', '/deployments/late/predict', { inputs: row })).status).toBe(200)
    main = await startMain()
    const until = Date.now() + 10_000
    while ((await main.inferenceUrl()) !== inference && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await main.inferenceUrl()).toBe(inference)
    expect(control().pid).toBe(pid)
    expect((await call(main.url, 'POST', '/deployments/late/predict', { inputs: row })).status).toBe(200)
  })

  test('SIGTERM drains the server and the gateway', async () => {
    const inference = await main.inferenceUrl()
    const answers = Array.from({ length: 50 }, () =>
      call(inference, 'POST', '/deployments/late/predict', { inputs: row }).then(({ status }) => status),
    )
    await Promise.race(answers)
    main.process.kill('SIGTERM')
    // What had arrived is answered; what came later finds nobody. Nothing is answered by half.
    const outcomes = await Promise.allSettled(answers)
    expect(outcomes.every((one) => (one.status === 'fulfilled' ? [200, 503].includes(one.value) : true))).toBe(true)
    expect(await ended(main.process)).toBe(0)
    expect(existsSync(join(data, 'gateway/control.json'))).toBe(false)
    await expect(call(inference, 'GET', '/v2')).rejects.toThrow('fetch failed')
  })
})
