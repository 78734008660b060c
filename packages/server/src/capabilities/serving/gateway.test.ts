import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import expected from '../../drivers/onnx/fixtures/expected.json' with { type: 'json' }
import type { Serving } from './index.ts'
import { gatewayClient, recordsOf, registerFixtures, startServing } from './testing/serving-world.ts'

const rows = expected.columns.rows
const [row] = rows
const probabilities = expected.columns.probabilities

let world: World
let serving: Serving
let client: ReturnType<typeof gatewayClient>
beforeAll(async () => {
  world = await createWorld({})
  serving = startServing(world)
  await registerFixtures(world, (await world.as('contributor')).scope)
  const { scope, token } = await world.as('maintainer')
  await serving.deploy(scope, { name: 'late', model: 'late/1' })
  await serving.deploy(scope, { name: 'amount', model: 'amount/1' })
  await serving.deploy(scope, { name: 'matrix', model: 'matrix/1' })
  client = gatewayClient(() => serving, token)
}, 60_000)
afterAll(async () => {
  await serving.stop({ keepGateway: false })
  await world.close()
})

/** The inputs of the V2 protocol for the first rows of the fixture. */
const tensors = (count: number) => {
  const some = rows.slice(0, count)
  return [
    { name: 'origin', datatype: 'BYTES', shape: [count, 1], data: some.map((one) => one.origin) },
    { name: 'distance', datatype: 'FP32', shape: [count, 1], data: some.map((one) => one.distance) },
    { name: 'hour', datatype: 'INT64', shape: [count, 1], data: some.map((one) => [one.hour]) },
    { name: 'recent_delay', datatype: 'FP32', shape: [count, 1], data: some.map((one) => one.recent_delay) },
  ]
}
const withTensor = (name: string, change: Record<string, unknown>) => ({
  inputs: tensors(1).map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor)),
})

describe('predict', () => {
  test('rows come back in order, each with an id of its own', async () => {
    const { json } = await client.post('/deployments/late/predict', {
      rows: rows.map((inputs, index) => ({ inputs, ...(index === 1 ? { id: 'mine' } : {}) })),
    })
    expect(json.predictions.map((one: { outputs: { label: number } }) => one.outputs.label)).toEqual(
      expected.columns.label,
    )
    const ids = json.predictions.map((one: { id: string }) => one.id) as string[]
    expect(ids[1]).toBe('mine')
    expect(new Set(ids).size).toBe(5)
    expect(ids[0]).toMatch(/^prd_/)
  })

  test('a matrix whose columns have names takes them by name', async () => {
    const inputs = { distance: 500, hour: 8, recent_delay: 20 }
    const { json } = await client.post('/deployments/amount/predict', { inputs })
    expect(json.predictions[0].outputs.variable).toBeCloseTo(41, 1)
    expect((await recordsOf(world, 'default', 'amount'))[0]?.inputs).toEqual(inputs)
  })

  test('a matrix without names takes a list', async () => {
    const [values] = expected.matrix.rows
    const { json } = await client.post('/deployments/matrix/predict', { inputs: { X: values } })
    expect(json.predictions[0].outputs.probabilities_1).toBeCloseTo(
      expected.matrix.probabilities[0]?.[1] ?? Number.NaN,
      5,
    )
    expect((await recordsOf(world, 'default', 'matrix'))[0]?.inputs).toEqual({
      X_0: values?.[0],
      X_1: values?.[1],
      X_2: values?.[2],
    })
  })

  test('rows of many requests at once never mix', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        client.post('/deployments/late/predict', { inputs: rows[index % rows.length] }),
      ),
    )
    for (const [index, { json }] of answers.entries())
      expect(json.predictions[0].outputs.probabilities_1).toBeCloseTo(
        probabilities[index % rows.length]?.[1] ?? Number.NaN,
        5,
      )
  })

  test('more rows than go through the model at once are answered in order', async () => {
    const { json } = await client.post('/deployments/late/predict', {
      rows: Array.from({ length: 2500 }, (_, index) => ({ inputs: rows[index % rows.length] })),
    })
    for (const index of [0, 1023, 1024, 2047, 2499])
      expect(json.predictions[index].outputs.probabilities_1).toBeCloseTo(
        probabilities[index % rows.length]?.[1] ?? Number.NaN,
        5,
      )
  })

  test.each<[string, unknown, string]>([
    ['a word for a number', { inputs: { ...row, distance: 'abc' } }, 'distance must be a number; got "abc".'],
    ['a fraction for a whole number', { inputs: { ...row, hour: 3.5 } }, 'hour must be a whole number; got 3.5.'],
    ['a number for text', { inputs: { ...row, origin: 12 } }, 'origin must be text; got 12.'],
    ['no text', { inputs: { ...row, origin: null } }, 'origin must be text; got null.'],
    [
      'a missing field',
      { inputs: { origin: 'ORD', distance: 1, hour: 1 } },
      'recent_delay is missing. The deployment takes origin, distance, hour, recent_delay.',
    ],
    [
      'an unknown field',
      { inputs: { ...row, wind: 3 } },
      'Unknown field wind. The deployment takes origin, distance, hour, recent_delay.',
    ],
    [
      'fields that are not under inputs',
      row,
      'Unknown field "origin". Values go under "inputs": {"inputs": {"origin": "JFK"}}.',
    ],
    [
      'a list for a value',
      { inputs: { ...row, distance: [1, 2] } },
      'distance must have one value a row; got 2 values for 1 row.',
    ],
    [
      'the row that is wrong',
      { rows: [{ inputs: row }, { inputs: { ...row, distance: true } }] },
      'Row 1: distance must be a number; got true.',
    ],
    [
      'rows of different fields',
      { rows: [{ inputs: row }, { inputs: { ...row, wind: 1 } }] },
      'Row 1 has the field wind, which row 0 has not.',
    ],
    ['no rows', { rows: [] }, '"rows" must be a list with at least one row; got [].'],
    [
      'the same id twice',
      {
        rows: [
          { inputs: row, id: 'a' },
          { inputs: row, id: 'a' },
        ],
      },
      'Two rows of the request have the same id; each prediction needs its own.',
    ],
    [
      'an event time without zone',
      { inputs: row, eventTime: '2001-02-03' },
      'The event time must be milliseconds UTC or ISO 8601 such as 2001-03-04T05:06:07Z; got "2001-02-03".',
    ],
    [
      'a value that the model cannot do without',
      { inputs: { ...row, distance: null } },
      'The model gave no number for "probabilities". It got no value for distance, and it was not trained to do without.',
    ],
  ])('%s is refused by name', async (_, body, message) => {
    const { status, json, headers } = await client.post('/deployments/late/predict', body)
    expect([status, json.detail]).toEqual([400, message])
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(json.requestId).toBe(headers.get('x-request-id'))
  })

  test('a list of a wrong length for a matrix is refused', async () => {
    const { status, json } = await client.post('/deployments/matrix/predict', { inputs: { X: [1, 2] } })
    expect([status, json.detail]).toEqual([400, 'X must have 3 values a row; got 2 values for 1 row.'])
  })

  test('what is no JSON, too large, of another type, or on no route is refused', async () => {
    expect(
      (await client.post('/deployments/late/predict', '{"inputs"', { 'content-type': 'application/json' })).json.detail,
    ).toMatch(/^The body is not JSON/)
    expect(
      (await client.post('/deployments/late/predict', '[1]', { 'content-type': 'application/json' })).json.detail,
    ).toBe('The body must be a JSON object; got [1].')
    expect((await client.post('/deployments/late/predict', 'a,b', { 'content-type': 'text/csv' })).status).toBe(415)
    expect((await client.post('/deployments/nobody/predict', { inputs: row })).json).toMatchObject({
      status: 404,
      code: 'PREDICT.DEPLOYMENT_NOT_FOUND',
    })
    expect((await client.get('/deployments/late/predict')).status).toBe(404)
    expect((await client.post('/deployments/%E0%A4%A/predict', { inputs: row })).status).toBe(400)
    const large = await client.post('/deployments/late/predict', gzipSync(Buffer.alloc(20_000_000)), {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    })
    expect(large.status).toBe(413)
  })
})

describe('open inference protocol', () => {
  test('metadata, readiness and health', async () => {
    expect((await client.get('/v2')).json).toMatchObject({ name: 'trivium', extensions: ['binary_tensor_data'] })
    expect((await client.get('/v2/health/live')).json).toEqual({ live: true, ready: true })
    expect((await client.get('/v2/models/late/ready')).json).toEqual({ name: 'late', ready: true })
    const { json, headers } = await client.get('/v2/models/late/versions/1')
    expect(headers.get('content-type')).toBe('application/json')
    expect(json).toMatchObject({
      name: 'late',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    })
    expect(json.inputs[0]).toEqual({ name: 'origin', datatype: 'BYTES', shape: [-1, 1] })
    expect((await client.get('/v2/models/nobody')).json).toEqual({
      error: 'There is no deployment "nobody" in project "default".',
    })
    expect((await client.get('/v2/models/late/versions/7/ready')).status).toBe(404)
  })

  test('JSON tensors, flat or nested, with id, event time and chosen outputs', async () => {
    const { status, json } = await client.post('/v2/models/late/infer', {
      id: 'req-1',
      parameters: { event_time: '2001-03-04T05:06:07Z', prediction_ids: 'v2-a,v2-b' },
      inputs: tensors(2),
      outputs: [{ name: 'probabilities' }],
    })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      model_name: 'late',
      model_version: '1',
      id: 'req-1',
      parameters: { prediction_ids: 'v2-a,v2-b' },
    })
    expect(json.outputs).toHaveLength(1)
    expect(json.outputs[0]).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [2, 2] })
    expect(json.outputs[0].data[3]).toBeCloseTo(probabilities[1]?.[1] ?? Number.NaN, 5)
    const records = (await recordsOf(world, 'default', 'late')).filter((record) => record.id.startsWith('v2-'))
    expect(records.map(({ eventTime, inputs }) => [eventTime, inputs])).toEqual(
      [0, 1].map((index) => [Date.UTC(2001, 2, 4, 5, 6, 7), rows[index]]),
    )
    expect(records[0]?.request).toBe(records[1]?.request)
  })

  test('raw bytes in and out, mixed with JSON', async () => {
    const distance = Buffer.from(Float32Array.of(row?.distance ?? 0).buffer)
    const origin = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from(row?.origin ?? '')])
    const head = JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: tensors(1).map(({ data, ...tensor }) =>
        tensor.name === 'distance'
          ? { ...tensor, parameters: { binary_data_size: 4 } }
          : tensor.name === 'origin'
            ? { ...tensor, parameters: { binary_data_size: origin.length } }
            : { ...tensor, data },
      ),
    })
    const { status, bytes, headers } = await client.post(
      '/v2/models/late/infer',
      Buffer.concat([Buffer.from(head), origin, distance]),
      {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(Buffer.byteLength(head)),
      },
    )
    expect(status).toBe(200)
    const length = Number(headers.get('inference-header-content-length'))
    const answer = JSON.parse(bytes.subarray(0, length).toString())
    expect(answer.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
      { name: 'probabilities', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ])
    expect(bytes.readFloatLE(length + 8 + 4)).toBeCloseTo(probabilities[0]?.[1] ?? Number.NaN, 5)
  })

  test('a named matrix is one tensor, taken apart for the record', async () => {
    const { json } = await client.post('/v2/models/amount/infer', {
      id: 'one',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 3], data: [[500, 8, 20]] }],
    })
    expect(json.outputs[0].data[0]).toBeCloseTo(41, 1)
    expect((await recordsOf(world, 'default', 'amount')).find((record) => record.id === 'one')?.inputs).toEqual({
      distance: 500,
      hour: 8,
      recent_delay: 20,
    })
  })

  test.each<[string, unknown, string]>([
    [
      'a wrong type',
      withTensor('distance', { datatype: 'INT64' }),
      'Input "distance" has datatype INT64; the model takes FP32.',
    ],
    [
      'a wrong shape',
      withTensor('distance', { shape: [1, 2], data: [1, 2] }),
      'Input "distance" has shape [1, 2]; the model takes [-1, 1].',
    ],
    [
      'too few values',
      withTensor('distance', { shape: [3, 1] }),
      'Input "distance" has shape [3, 1], which is 3 values, but 1 in "data".',
    ],
    [
      'rows that differ',
      withTensor('distance', { shape: [2, 1], data: [1, 2] }),
      'Input "distance" has 2 rows, but "origin" has 1.',
    ],
    [
      'a missing input',
      { inputs: tensors(1).slice(1) },
      'origin is missing. The deployment takes origin, distance, hour, recent_delay.',
    ],
    [
      'an unknown input',
      withTensor('distance', { name: 'weight' }),
      'Unknown input "weight". The model takes origin, distance, hour, recent_delay.',
    ],
    ['a value of a wrong type', withTensor('hour', { data: ['x'] }), 'hour must be a whole number; got "x".'],
    [
      'an unknown field',
      { ...withTensor('hour', {}), colour: 'red' },
      'Unknown field "colour". An inference request has id, parameters, inputs and outputs.',
    ],
    [
      'an unknown output',
      { inputs: tensors(1), outputs: [{ name: 'weather' }] },
      'Unknown output "weather". The model gives label, probabilities.',
    ],
    ['no inputs', { inputs: [] }, 'The request has no rows. Send the inputs origin, distance, hour, recent_delay.'],
  ])("%s is refused in the protocol's form", async (_, body, error) => {
    const { status, json } = await client.post('/v2/models/late/infer', body)
    expect([status, json]).toEqual([400, { error }])
  })
})

describe('invocations', () => {
  const columns = Object.keys(row ?? {})
  const first = (json: { predictions: { probabilities: number[] }[] }) => json.predictions[0]?.probabilities[1]

  test.each<[string, unknown, Record<string, string>]>([
    ['dataframe_split', { dataframe_split: { columns, data: [Object.values(row ?? {})] } }, {}],
    ['dataframe_records', { dataframe_records: [row] }, {}],
    ['instances as objects', { instances: [row] }, {}],
    [
      'CSV',
      `${columns.join(',')}\n"${row?.origin}",${row?.distance},${row?.hour},${row?.recent_delay}\n`,
      { 'content-type': 'text/csv; charset=utf-8' },
    ],
  ])('%s is answered as records', async (_, body, headers) => {
    const { status, json } = await client.post('/deployments/late/invocations', body, headers)
    expect(status).toBe(200)
    expect(first(json)).toBeCloseTo(probabilities[0]?.[1] ?? Number.NaN, 5)
    expect(json.prediction_ids).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    [
      'inputs by name',
      { inputs: Object.fromEntries(columns.map((name) => [name, rows.map((one) => one[name as keyof typeof one])])) },
    ],
    ['inputs as rows', { inputs: rows.map((one) => Object.values(one)) }],
    ['instances as rows', { instances: rows.map((one) => Object.values(one)) }],
  ])('%s are answered as columns', async (_, body) => {
    const { json } = await client.post('/deployments/late/invocations', body)
    expect(json.predictions.label).toEqual(expected.columns.label)
    expect(json.predictions.probabilities[4][1]).toBeCloseTo(probabilities[4]?.[1] ?? Number.NaN, 5)
  })

  test.each<[string, unknown, string]>([
    [
      'two forms at once',
      { inputs: [], instances: [] },
      'The body must have exactly one of dataframe_split, dataframe_records, instances, inputs; it has instances and inputs.',
    ],
    [
      'none',
      {},
      'The body must have exactly one of dataframe_split, dataframe_records, instances, inputs; it has none.',
    ],
    [
      'a short row',
      { instances: [[1, 2]] },
      'Row 0 has 2 values; the deployment takes 4 (origin, distance, hour, recent_delay).',
    ],
    ['a wrong type', { dataframe_records: [{ ...row, distance: 'far' }] }, 'distance must be a number; got "far".'],
  ])('%s is refused', async (_, body, message) => {
    const { status, json } = await client.post('/deployments/late/invocations', body)
    expect([status, json]).toEqual([400, { error_code: 'BAD_REQUEST', message }])
  })

  test('the bare path answers while the project has exactly one deployment', async () => {
    expect((await client.post('/invocations', { dataframe_records: [row] })).json.message).toBe(
      'Project "default" has 3 deployments: name one, as in /deployments/NAME/invocations.',
    )
    const project = await world.makeProject()
    const { scope, token } = await world.as('maintainer', project)
    await registerFixtures(world, (await world.as('contributor', project)).scope)
    const own = startServing(world)
    expect((await gatewayClient(serving, token).post('/invocations', { dataframe_records: [row] })).json.message).toBe(
      `Project "${project}" has no deployment.`,
    )
    await own.deploy(scope, { name: 'only', model: 'late/1' })
    expect(
      first((await gatewayClient(serving, token).post('/invocations', { dataframe_records: [row] })).json),
    ).toBeCloseTo(probabilities[0]?.[1] ?? Number.NaN, 5)
    await own.stop({ keepGateway: true })
  })
})

test('deployments of one name in two projects are two', async () => {
  const project = await world.makeProject()
  const { scope, token } = await world.as('maintainer', project)
  await registerFixtures(world, (await world.as('contributor', project)).scope)
  const own = startServing(world)
  await own.deploy(scope, { name: 'late', model: 'matrix/1' })
  const [mine, theirs] = await Promise.all([
    client.get('/v2/models/late'),
    gatewayClient(serving, token).get('/v2/models/late'),
  ])
  expect(mine.json.inputs).not.toEqual(theirs.json.inputs)
  const { status, json } = await client.post('/deployments/late/predict', { inputs: row })
  expect([status, json.model]).toEqual([200, 'late'])
  await own.stop({ keepGateway: true })
})

describe('tokens', () => {
  const body = { inputs: row }
  test('without a token, with a wrong one and without the permission nothing is answered', async () => {
    const { token: viewer } = await world.as('viewer')
    expect((await client.post('/deployments/late/predict', body, { authorization: '' })).status).toBe(401)
    expect((await gatewayClient(serving, 'trv_wrong').post('/deployments/late/predict', body)).json.code).toBe(
      'ACCESS.UNAUTHENTICATED',
    )
    expect((await gatewayClient(serving, 'trv_wrong').get('/v2/health/live')).status).toBe(401)
    const refused = await gatewayClient(serving, viewer).post('/deployments/late/predict', body)
    expect([refused.status, refused.json.code]).toEqual([403, 'ACCESS.FORBIDDEN'])
  })

  test('who sends first and reads later reads why he was refused, though the connection closes', async () => {
    const { host, port } = serving.gatewayAddress() ?? { host: '', port: 0 }
    const length = 8_000_000
    const socket = connect(port, host).pause()
    socket.write(
      `POST /deployments/late/predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer trv_wrong\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
    )
    const piece = Buffer.alloc(500_000, ' ')
    for (let sent = 0; sent < length; sent += piece.length)
      expect(
        await new Promise((resolve) => void socket.write(piece, (error) => resolve(error?.message))),
      ).toBeUndefined()
    let answer = ''
    for await (const part of socket) answer += String(part)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('Basic carries the token as password', async () => {
    const { token } = await world.as('maintainer')
    const basic = Buffer.from(`anyone:${token}`).toString('base64')
    expect((await client.post('/deployments/late/predict', body, { authorization: `Basic ${basic}` })).status).toBe(200)
  })

  test('a revoked and an expired token are refused within two seconds', async () => {
    const { access } = world.capabilities
    const { principal } = await world.as('maintainer')
    const make = (expiresAt?: number) =>
      access.createToken(principal, {
        principalId: principal.id,
        name: 'short',
        project: 'default',
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })
    const revoked = await make()
    const expiring = await make(Date.now() + 1500)
    const use = (secret: string) => gatewayClient(serving, secret).post('/deployments/late/predict', body)
    expect([(await use(revoked.secret)).status, (await use(expiring.secret)).status]).toEqual([200, 200])
    await access.revokeToken(principal, revoked.id)
    await new Promise((resolve) => setTimeout(resolve, 1800))
    expect((await use(revoked.secret)).status).toBe(401)
    const expired = await use(expiring.secret)
    expect([expired.status, expired.json.code]).toEqual([401, 'ACCESS.TOKEN_EXPIRED'])
  })
})

describe('when things break', () => {
  const pidOf = (): number =>
    JSON.parse(execFileSync('cat', [`${world.kernel.paths.gateway}/control.json`]).toString()).pid
  const waitUntil = async (condition: () => Promise<boolean>): Promise<void> => {
    const until = Date.now() + 15_000
    while (!(await condition())) {
      if (Date.now() > until) throw new Error('It did not happen within 15 s.')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  test('what main commands the gateway with is for the eyes of its owner, and made by chance', () => {
    const file = join(world.kernel.paths.gateway, 'control.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    // 32 bytes, as base64url.
    expect(JSON.parse(readFileSync(file, 'utf8')).secret).toMatch(/^[\w-]{43}$/)
  })

  test('roll backs under load lose no request', async () => {
    const { scope } = await world.as('maintainer')
    await serving.deploy(scope, { name: 'busy', model: 'late/1' })
    await serving.deploy(scope, { name: 'busy', model: 'late/2' })
    const wanted: Record<number, number | undefined> = {
      1: probabilities[0]?.[1],
      2: expected['columns-2'].probabilities[0]?.[1],
    }
    const seen = new Map<number, number>()
    let going = true
    let sent = 0
    const load = Array.from({ length: 8 }, async () => {
      while (going) {
        sent += 1
        const { status, json } = await client.post('/deployments/busy/predict', { inputs: row })
        expect(status).toBe(200)
        expect(json.predictions[0].outputs.probabilities_1).toBeCloseTo(wanted[json.version] ?? Number.NaN, 5)
        seen.set(json.version, (seen.get(json.version) ?? 0) + 1)
      }
    })
    for (let round = 0; round < 6; round += 1) await serving.rollBack(scope, 'busy', {})
    going = false
    await Promise.all(load)
    expect([...seen.keys()].toSorted()).toEqual([1, 2])
    expect([...seen.values()].reduce((sum, count) => sum + count, 0)).toBe(sent)
    expect(await recordsOf(world, 'default', 'busy')).toHaveLength(sent)
  })

  test('one token makes no more requests of one deployment than it may, and is told when to come back', async () => {
    const maintainer = await world.as('maintainer')
    const { scope, token } = maintainer
    const other = await world.as('contributor')
    await serving.deploy(scope, { name: 'limited', model: 'late/1' })
    await serving.deploy(scope, { name: 'unlimited', model: 'late/1' })
    expect((await serving.setLimit(scope, 'limited', 5)).requestsPerMinute).toBe(5)
    const post = (path: string, by: string, body: object) =>
      fetch(`${serving.inferenceUrl()}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const ask = (by: string, name = 'limited') => post(`/deployments/${name}/predict`, by, { inputs: row })
    const answers = []
    for (let i = 0; i < 6; i += 1) answers.push(await ask(token))
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 200, 200, 429])
    const refused = answers[5] as Response
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(12)
    expect(await refused.json()).toMatchObject({
      code: 'PREDICT.RATE_LIMITED',
      detail: expect.stringContaining('more than 5 requests of "limited" in a minute'),
    })
    // Every way in counts, and nobody else is held.
    const v2 = await post('/v2/models/limited/infer', token, { inputs: [] })
    expect([v2.status, v2.headers.has('retry-after')]).toEqual([429, true])
    expect((await ask(other.token)).status).toBe(200)
    expect((await ask(token, 'unlimited')).status).toBe(200)
    expect((await serving.get(scope, 'limited')).traffic.refused).toBe(2)
    expect((await recordsOf(world, 'default', 'limited')).length).toBe(6)
    await serving.setLimit(scope, 'limited', null)
    expect((await ask(token)).status).toBe(200)
    const viewer = await world.as('viewer')
    const denied = await viewer.call('PUT', '/api/v1/projects/default/deployments/limited/limit', {
      requestsPerMinute: 1,
    })
    expect(denied.status).toBe(403)
  })

  test('every acknowledged prediction survives kill -9 of the gateway, which comes back on its port', async () => {
    const { scope } = await world.as('maintainer')
    await serving.deploy(scope, { name: 'killed', model: 'late/1' })
    const address = serving.gatewayAddress()
    const acknowledged: string[] = []
    const load = Array.from({ length: 6 }, async (_, worker) => {
      for (let index = 0; ; index += 1) {
        const id = `k-${worker}-${index}`
        const answer = await client.post('/deployments/killed/predict', { inputs: row, id }).catch(() => undefined)
        if (answer?.status !== 200) return
        acknowledged.push(id)
      }
    })
    await waitUntil(async () => acknowledged.length > 300)
    const pid = pidOf()
    process.kill(pid, 'SIGKILL')
    await Promise.all(load)
    const recorded = new Set((await recordsOf(world, 'default', 'killed')).map((record) => record.id))
    expect(acknowledged.filter((id) => !recorded.has(id))).toEqual([])
    await waitUntil(
      async () =>
        (await client.post('/deployments/killed/predict', { inputs: row }).catch(() => undefined))?.status === 200,
    )
    expect(pidOf()).not.toBe(pid)
    expect(serving.gatewayAddress()).toEqual(address)
  })

  test('the gateway serves on without main, and the next main adopts it', async () => {
    const pid = pidOf()
    await serving.stop({ keepGateway: true })
    const next = startServing(world)
    expect((await client.post('/deployments/late/predict', { inputs: row }).catch((error) => error)).status).toBe(200)
    await next.start('http://main')
    expect(pidOf()).toBe(pid)
    const { scope } = await world.as('maintainer')
    expect((await next.list(scope, { retired: false })).map((one) => one.state)).not.toContain('starting')
    await next.deploy(scope, { name: 'late', model: 'late/2' })
    expect((await client.post('/deployments/late/predict', { inputs: row })).json.version).toBe(2)
    serving = next
  })

  test('a main of another version replaces the gateway on the same port', async () => {
    const pid = pidOf()
    const address = serving.gatewayAddress()
    await serving.stop({ keepGateway: true })
    serving = startServing(world, 'newer')
    await serving.start('http://main')
    expect(pidOf()).not.toBe(pid)
    expect(serving.gatewayAddress()).toEqual(address)
  })

  const prlimit = spawnSync('prlimit', ['--version']).status === 0
  test.skipIf(!prlimit)('without space to record nothing is answered, and with space again all goes on', async () => {
    const limit = (size: string): void => void execFileSync('prlimit', ['--pid', String(pidOf()), `--fsize=${size}`])
    const { scope } = await world.as('maintainer')
    await serving.deploy(scope, { name: 'full', model: 'late/1' })
    const post = () => client.post('/deployments/full/predict', { inputs: row })
    expect((await post()).status).toBe(200)
    limit('0:')
    const refused = await post()
    expect([refused.status, refused.json.code]).toEqual([503, 'LEDGER.NO_SPACE'])
    limit('unlimited:')
    expect((await post()).status).toBe(200)
    expect(await recordsOf(world, 'default', 'full')).toHaveLength(2)
  })
})
