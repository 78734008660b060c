import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ServerProcess, spawnServer } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const runProgram = promisify(execFile)

interface ReceivedSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  process: string
}

const spans: ReceivedSpan[] = []
const credentials = new Set<string | undefined>()
const receiver = createServer((request, response) => void receive(request, response))
async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  credentials.add(request.headers.authorization)
  for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
    const process = resource.attributes.find((one: { key: string }) => one.key === 'trivium.process').value.stringValue
    for (const scope of scopeSpans) for (const span of scope.spans) spans.push({ ...span, process })
  }
  response.setHeader('content-type', 'application/json')
  response.end('{}')
}

let folder: string
let server: ServerProcess

const send = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
  const raw = body instanceof Uint8Array
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${server.token}`,
      'content-type': raw ? 'application/octet-stream' : 'application/json',
      ...headers,
    },
    body: raw ? Buffer.from(body) : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const eventually = async <T>(look: () => T | undefined): Promise<T> => {
  for (let turn = 0; turn < 200; turn += 1) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`It did not come. There were: ${spans.map(({ process, name }) => `${process} ${name}`).join(', ')}`)
}

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  folder = await mkdtemp(join(tmpdir(), 'trivium-traces-'))
  const { port } = receiver.address() as AddressInfo
  server = await spawnServer({
    data: join(folder, 'data'),
    settings: {
      TRIVIUM_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      TRIVIUM_OTLP_HEADERS: 'authorization=Bearer of-the-receiver',
      TRIVIUM_EGRESS_ALLOW: `127.0.0.1:${port}`,
    },
  })
}, 120_000)

afterAll(async () => {
  await server?.kill('SIGTERM')
  receiver.closeAllConnections()
  receiver.close()
  await rm(folder, { recursive: true, force: true })
})

test('a prediction is one trace from the caller over main to the gateway', async () => {
  const { run } = await send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: 1 })
  const id: string = run.info.run_id
  const model = await readFile(join(root, 'packages/server/src/drivers/onnx/fixtures/columns.onnx'))
  await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/model/model.onnx`, new Uint8Array(model))
  await send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' })
  await send('POST', '/api/2.0/mlflow/model-versions/create', { name: 'late', source: `runs:/${id}/model`, run_id: id })
  await send('POST', '/api/v1/projects/default/deployments', { name: 'late', model: 'late/1' })
  const [traceId, caller] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const inputs = { origin: 'ORD', distance: 900, hour: 8, recent_delay: 3 }
  await send('POST', '/deployments/late/predict', { inputs }, { traceparent: `00-${traceId}-${caller}-01` })
  const main = await eventually(() => spans.find((one) => one.traceId === traceId && one.process === 'main'))
  const gateway = await eventually(() => spans.find((one) => one.traceId === traceId && one.process === 'gateway'))
  expect(main).toMatchObject({ name: 'POST /deployments/:deployment/predict', parentSpanId: caller })
  expect(gateway).toMatchObject({ name: 'inference', parentSpanId: main.spanId })
  expect([...credentials]).toEqual(['Bearer of-the-receiver'])
}, 120_000)

test('a pipeline run is one trace from the request over its jobs to the step in Python', async () => {
  const code = 'import os\n\n\ndef look():\n    return os.environ["TRACEPARENT"].split("-")[1]\n'
  await writeFile(join(folder, 'look.py'), code)
  await writeFile(
    join(folder, 'pipeline.yaml'),
    'name: look\ncode: [look.py]\nsteps:\n  look:\n    run: look:look\n    out: { trace: value }\n',
  )
  const env = { ...process.env, TRIVIUM_URL: server.url, TRIVIUM_TOKEN: server.token }
  const program = join(root, 'packages/cli/bin/trivium')
  const { stdout } = await runProgram(program, ['run', join(folder, 'pipeline.yaml'), '--wait', '--json'], { env })
  expect(stdout).toContain('finished')
  const job = await eventually(() => spans.find((one) => one.name.startsWith('job pipeline')))
  const request = await eventually(() => spans.find((one) => one.spanId === job.parentSpanId))
  expect(request.name).toMatch(/^POST /)
  expect(request.traceId).toBe(job.traceId)
}, 120_000)
