import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import expected from '../../server/src/drivers/onnx/fixtures/expected.json' with { type: 'json' }
import { type StartedServer, startServer } from './testing/started-server.ts'

let server: StartedServer
let run: string

const call = async (method: string, path: string, body: string, type = 'application/json'): Promise<unknown> => {
  const token = (await readFile(join(server.data, 'admin-token'), 'utf8')).trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': type }
  const answer = await fetch(`${server.ready.url}${path}`, { method, headers, body })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}

afterAll(async () => {
  await server.stop()
})
beforeAll(async () => {
  server = await startServer([])
  const made = await call('POST', '/api/2.0/mlflow/runs/create', JSON.stringify({ experiment_id: '0', start_time: 1 }))
  run = (made as { run: { info: { run_id: string } } }).run.info.run_id
  await writeFile(join(server.data, 'model.onnx'), 'weights')
  await writeFile(join(server.data, 'old.pkl'), Buffer.from('80049507000000000000007d948c0161944b01732e', 'hex'))
  for (const [file, path] of [
    ['model.onnx', 'model/model.onnx'],
    ['old.pkl', 'model/parts/old.pkl'],
  ] as const)
    await server.trivium(['artifacts', 'put', run, file, '--path', path])
  await call(
    'POST',
    '/api/v1/projects/default/models/rain/versions',
    JSON.stringify({ run, path: 'model', alias: 'champion' }),
  )
}, 120_000)

test('a version is fetched whole by its alias, checked, and said to hold a pickle', async () => {
  const got = await server.trivium(['models', 'get', 'rain@champion', 'model'])
  expect([got.code, got.out, got.err]).toEqual([
    0,
    expect.stringMatching(/^rain v1: 2 files, 28 B, in .*model\. Signed with key [0-9a-f]{16}\.\n$/),
    expect.stringContaining('parts/old.pkl'),
  ])
  expect(await readFile(join(server.data, 'model/model.onnx'), 'utf8')).toBe('weights')
  await rm(join(server.data, 'model/model.onnx'))
  expect((await server.trivium(['models', 'get', 'rain@1', 'model'])).code).toBe(0)
  expect((await server.trivium(['models', 'show', 'rain/1'])).out).toMatch(/unsafe +pickle: parts\/old\.pkl/)
}, 60_000)

test('one changed byte, a swapped file and a file too many are named, with the key at hand and no server asked', async () => {
  const at = (file: string) => join(server.data, 'model', file)
  expect((await server.trivium(['models', 'verify', 'rain@champion'])).out).toContain('2 files as signed with key')
  await server.trivium(['models', 'signature', 'rain/1', '--out', 'rain.sig', '--key-out', 'rain.pem'])
  const offline = ['models', 'verify', 'rain/1', 'model', '--signature', 'rain.sig', '--key', 'rain.pem']
  // Nothing listens there.
  const env = { TRIVIUM_URL: 'http://localhost:9' }
  expect((await server.trivium(offline, { env })).code).toBe(0)
  await appendFile(at('model.onnx'), '.')
  const changed = await server.trivium(offline, { env })
  expect([changed.code, changed.out]).toEqual([1, expect.stringMatching(/model\.onnx +changed/)])
  await rename(at('parts/old.pkl'), at('model.onnx'))
  await writeFile(at('more.py'), '')
  const swapped = await server.trivium(offline, { env })
  expect(swapped.code).toBe(1)
  expect(swapped.err).toContain('model.onnx (changed), more.py (added), parts/old.pkl (missing)')
  const other = await server.trivium([
    'models',
    'verify',
    'rain/2',
    'model',
    '--signature',
    'rain.sig',
    '--key',
    'rain.pem',
  ])
  expect([other.code, other.err]).toEqual([
    1,
    expect.stringContaining('The signature is that of rain@1, not of rain@2.'),
  ])
}, 60_000)

test('lineage and bill of materials are written to files, and what the strategy refuses is known before', async () => {
  expect((await server.trivium(['models', 'provenance', 'rain@1', '--out', 'prov.json'])).code).toBe(0)
  expect(JSON.parse(await readFile(join(server.data, 'prov.json'), 'utf8'))).toMatchObject({
    entity: { 'here:model/rain@1': { 'trivium:urn': 'trivium://default/model/rain@1' } },
  })
  expect((await server.trivium(['models', 'bom', 'rain@champion'])).out).toContain('"bomFormat": "CycloneDX"')
  const strategy = {
    names: [],
    tags: [],
    require: [],
    aliases: null,
    labelNew: false,
    replacement: [],
    forbidPickle: true,
  }
  await writeFile(join(server.data, 'strategy.json'), JSON.stringify(strategy))
  expect((await server.trivium(['models', 'strategy', 'strategy.json'])).code).toBe(0)
  const check = await server.trivium(['models', 'check', 'rain', '--run', run])
  expect([check.code, check.out]).toEqual([1, expect.stringContaining('parts/old.pkl (it holds a pickle)')])
}, 60_000)

test('a model says who is asked and what nobody has written, which versions were not chosen, and how long it took', async () => {
  const handed = await server.trivium(['models', 'hand-over', 'rain@champion'])
  expect([handed.code, handed.out]).toEqual([0, expect.stringMatching(/ask +admin \(registered v1\)/)])
  expect(handed.out).toMatch(/nobody has written +who owns it, what it is/)
  const called = await server.trivium(['models', 'hand-over', 'rain', '--call', 'curl'])
  expect([called.code, called.err]).toEqual([1, expect.stringContaining('No deployment serves rain v1')])
  await server.trivium(['artifacts', 'put', run, 'model.onnx', '--path', 'plain/model.onnx'])
  await call('POST', '/api/v1/projects/default/models/rain/versions', JSON.stringify({ run, path: 'plain' }))
  expect((await server.trivium(['models', 'not-chosen', 'rain'])).out).toMatch(/2 +unjudged/)
  expect((await server.trivium(['models', 'cycles', 'rain', '--json'])).json).toMatchObject({ versionsRead: 2 })
  expect((await server.trivium(['models', 'cycles'])).out).toMatch(/registered to deployed +0/)
  const hands = await server.trivium(['models', 'hand-overs', 'rain'])
  expect([hands.code, hands.out]).toEqual([0, expect.stringMatching(/rain v1 +0 +0 +made ready admin/)])
  const time = await server.trivium(['models', 'time', '--days', '7'])
  expect([time.code, time.out]).toEqual([
    0,
    expect.stringMatching(/those who make models +1 +1 +\d+ +0 +0 %, too little/),
  ])
}, 60_000)

test('a converted model is compared with what its original gave, and the command ends with 1 where it differs', async () => {
  const fixture = join(import.meta.dirname, '../../server/src/drivers/onnx/fixtures/columns.onnx')
  await writeFile(join(server.data, 'late.onnx'), await readFile(fixture))
  await server.trivium(['artifacts', 'put', run, 'late.onnx', '--path', 'late/model.onnx'])
  await call('POST', '/api/v1/projects/default/models/late/versions', JSON.stringify({ run, path: 'late' }))
  const [row] = expected.columns.rows
  const values = { ...row, sklearn: expected.columns.probabilities[0]?.[1], wrong: 0.5 }
  const csv = `${Object.keys(values).join(',')}\n${Object.values(values).join(',')}\n`
  await call('POST', '/api/v1/projects/default/datasets/inputs/versions?format=csv', csv, 'text/csv')
  const parity = (column: string) =>
    server.trivium(['models', 'parity', 'late/1', '--dataset', 'inputs@1', '--recorded', `probabilities_1=${column}`])
  const same = await parity('sklearn')
  expect([same.code, same.out]).toEqual([0, expect.stringContaining('0 of 1 rows are beyond')])
  const other = await parity('wrong')
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('late v1 differs from its original.')])
  expect(other.out).toMatch(/0 +probabilities_1 +0\.5 +0\.32\d+ +beyond/)
}, 60_000)
