import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { readWandbLog } from './read-wandb-log.ts'
import { wandbSource } from './wandb-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-wandb-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('history, settings, summary and files of exported runs are read; what is no number or broken is named', async () => {
  const run = join(folder, 'sweep/run-1')
  mkdirSync(join(run, 'files'), { recursive: true })
  writeFileSync(
    join(run, 'history.jsonl'),
    [
      '{"_step":0,"_timestamp":1600000000.5,"loss":1,"ok":true}',
      '{"_step":2,"_timestamp":1600000002,"loss":NaN,"image":{"_type":"image-file"}}',
      '{"_step":3,"loss":Infinity',
      '[1]',
    ].join('\n'),
  )
  writeFileSync(
    join(run, 'config.yaml'),
    'wandb_version: 1\n_wandb:\n  value: {}\nlr:\n  value: 0.5\nnet:\n  value:\n    depth: 3\n',
  )
  writeFileSync(join(run, 'wandb-summary.json'), '{"_timestamp":1600000002,"_runtime":2}')
  writeFileSync(join(run, 'wandb-metadata.json'), '{"username":"ada","git":{"commit":"abc"}}')
  writeFileSync(join(run, 'files', 'a.txt'), 'a')
  writeFileSync(join(folder, 'run-2.wandb'), 'no log')
  const notes: string[] = []
  const source = await wandbSource(folder, (what, why) => void notes.push(`${what}: ${why}`))
  const [experiment] = await source.experiments()
  const runs = []
  for await (const page of source.runs(experiment?.id ?? '')) runs.push(...page)
  expect(runs.map((one) => one.run)).toMatchObject([
    {
      name: 'sweep/run-1',
      user: 'ada',
      params: { lr: '0.5', 'net.depth': '3' },
      startTime: 1_600_000_000_000,
      endTime: 1_600_000_002_000,
      tags: { 'mlflow.source.git.commit': 'abc' },
    },
  ])
  const series = []
  for await (const { key, points } of source.series(runs)) series.push([key, points])
  expect(series).toEqual([
    [
      'loss',
      [
        [0, 1_600_000_000_500, 1],
        [2, 1_600_000_002_000, null],
      ],
    ],
    ['ok', [[0, 1_600_000_000_500, 1]]],
  ])
  const files = []
  for await (const { path } of source.files({ kind: 'run', id: runs[0]?.run.id ?? '' })) files.push(path)
  expect(files).toEqual(['a.txt'])
  expect(notes).toHaveLength(3)
  expect(notes.join('\n')).toMatch(/run-2.wandb[\s\S]*2 lines[\s\S]*1 values of "image"/)
})

/** Written by the client of Weights & Biases 0.31.0 in its offline mode: `tests/conformance/mlflow/wandb_run.py`. */
const log = gunzipSync(readFileSync(join(import.meta.dirname, 'wandb-run.fixture.wandb.gz')))

async function imported(name: string, bytes: Uint8Array) {
  const root = join(folder, name)
  mkdirSync(join(root, 'offline-run-1/files'), { recursive: true })
  writeFileSync(join(root, 'offline-run-1/run-fixture1.wandb'), bytes)
  writeFileSync(join(root, 'offline-run-1/files/note.txt'), 'hello')
  const notes: string[] = []
  const source = await wandbSource(root, (what, why) => void notes.push(`${what}: ${why}`))
  const experiments = await source.experiments()
  const runs = []
  for await (const page of source.runs(experiments[0]?.id ?? '')) runs.push(...page)
  const series = new Map<string, readonly (readonly [number, number, number | null])[]>()
  for await (const { key, points } of source.series(runs)) series.set(key, points)
  const files = []
  for await (const { path } of source.files({ kind: 'run', id: runs[0]?.run.id ?? '' })) files.push(path)
  return { experiments, run: runs[0]?.run, series, files, notes, lines: source.console?.(runs[0]?.run.id ?? '') ?? [] }
}

test('the log of an offline run gives everything that the client wrote', async () => {
  const { experiments, run, series, files, notes, lines } = await imported('offline', log)
  expect(experiments.map(({ name }) => name)).toEqual(['flights'])
  expect(run).toMatchObject({
    name: 'first',
    user: 'ada',
    status: 'FINISHED',
    params: { lr: '0.5', 'net.depth': '3', later: 'true' },
    tags: {
      'wandb.id': 'fixture1',
      'wandb.tags': 'a, b',
      'wandb.jobType': 'train',
      'trivium.group': 'folds',
      'mlflow.note.content': 'why',
      'mlflow.source.name': 'train.py',
    },
  })
  expect(run?.endTime ?? 0).toBeGreaterThan(run?.startTime ?? Number.POSITIVE_INFINITY)
  const own = [...series].filter(([key]) => !key.startsWith('system/'))
  expect(own.map(([key, points]) => [key, points.map(([step, , value]) => [step, value])])).toEqual([
    ['big', [[5, Number.MAX_VALUE]]],
    ['good', [0, 1, 2, 3, 4].map((step) => [step, step % 2 === 0 ? 1 : 0])],
    ['late', [[20, 2]]],
    ['loss', [0, 1, 2, 3, 4].map((step) => [step, 1 / (step + 1)])],
    ['nested.a', [[5, 1.5]]],
    ['odd', [[5, null]]],
    ['val/acc', [0, 1, 2, 3, 4].map((step) => [step, step / 10])],
  ])
  expect(series.get('loss')?.every(([, at]) => at >= (run?.startTime ?? 0) - 1000)).toBe(true)
  expect(series.get('system/cpu_utilization_percentage')?.length).toBeGreaterThan(0)
  expect(lines.map(({ stream, text }) => [stream, text])).toEqual(
    expect.arrayContaining([
      ['stdout', 'step 0'],
      ['stdout', 'step 4'],
      ['stderr', 'end'],
    ]),
  )
  expect(files).toEqual(['note.txt', 'histograms/hist.json', 'wandb-summary.json'])
  expect(notes).toEqual([expect.stringMatching(/1 values of "filler"/)])
})

test('a log that is cut gives what stands before, says where, and its run has not finished', async () => {
  const { run, series, notes } = await imported('cut', log.subarray(0, 40_000))
  expect(run).toMatchObject({ name: 'first', status: 'FAILED' })
  expect(series.get('loss')).toHaveLength(5)
  expect(notes.join('\n')).toMatch(/from byte \d+ on: the last record is not whole/)
})

test('every damaged byte of a log is noticed', async () => {
  const path = join(folder, 'damaged.wandb')
  const whole = await recordsOf(log)
  expect(whole.why).toBeUndefined()
  for (let at = 0; at < log.length; at += 997) {
    const bytes = Buffer.from(log)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    const found = await recordsOf(bytes)
    expect([at, found.why === undefined || found.count >= whole.count]).toEqual([at, false])
  }

  async function recordsOf(bytes: Uint8Array) {
    writeFileSync(path, bytes)
    let [count, why]: [number, string | undefined] = [0, undefined]
    for await (const _record of readWandbLog(path, (stopped) => (why = stopped.why))) count += 1
    return { count, why }
  }
})

test('a log that is made to fill the memory or never to end is read within bounds', async () => {
  const parts = chunked(Array.from({ length: 9000 }, (_, at) => ({ kind: at === 0 ? 2 : 3, bytes: '' })))
  const path = join(folder, 'parts.wandb')
  writeFileSync(path, parts)
  let why = ''
  for await (const _record of readWandbLog(path, (stopped) => (why = stopped.why)));
  expect(why).toContain('in more than 8192 parts')

  const field = (number: number, bytes: string | Buffer): Buffer => {
    const body = Buffer.from(bytes)
    return Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
  }
  const nested = Array.from({ length: 5000 }, (_, at) => field(2, `n${at}`))
  const deep = field(1, Buffer.concat([field(1, 'deep'), ...nested, field(16, '1')]))
  const shallow = field(1, Buffer.concat([field(2, 'a'), field(2, 'b'), field(16, '2')]))
  const polluted = field(1, Buffer.concat([field(2, '__proto__'), field(2, 'late'), field(16, '3')]))
  const tags = Array.from({ length: 3000 }, (_, at) => field(10, `tag ${at}`))
  const begin = [field(1, 'hostile'), field(3, 'p'), field(8, 'h'), field(4, Buffer.concat([deep, shallow, polluted]))]
  const record = field(17, Buffer.concat([...begin, ...tags]))
  const { run } = await imported('hostile', chunked(pieces(record)))
  expect(run?.params).toEqual({ 'a.b': '2' })
  expect(run?.tags['wandb.tags']?.split(', ')).toHaveLength(1000)
  expect(({} as Record<string, unknown>)['late']).toBeUndefined()
})

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** A record as chunks of at most 30,000 bytes. */
function pieces(record: Buffer): { kind: number; bytes: Buffer }[] {
  const count = Math.ceil(record.length / 30_000)
  return Array.from({ length: count }, (_, at) => ({
    kind: count === 1 ? 1 : at === 0 ? 2 : at === count - 1 ? 4 : 3,
    bytes: record.subarray(at * 30_000, (at + 1) * 30_000),
  }))
}

/** Chunks in blocks of 32 KiB, each of which begins anew where a chunk does not fit. */
function chunked(chunks: readonly { kind: number; bytes: string | Buffer }[]): Buffer {
  const all = [Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00])]
  let size = 7
  for (const { kind, bytes } of chunks) {
    const body = Buffer.concat([Buffer.from([kind]), Buffer.from(bytes)])
    const chunk = Buffer.alloc(6)
    chunk.writeUInt32LE(crc32(body), 0)
    chunk.writeUInt16LE(body.length - 1, 4)
    const room = 32_768 - (size % 32_768)
    const gap = room < 6 + body.length ? room : 0
    all.push(Buffer.alloc(gap), chunk, body)
    size += gap + 6 + body.length
  }
  return Buffer.concat(all)
}

test('media of a history become pictures and tables of their steps; what is missing or of no known kind is named', async () => {
  const run = join(folder, 'media/run-1')
  const file = (path: string, text: string) => {
    mkdirSync(join(run, 'files', path, '..'), { recursive: true })
    writeFileSync(join(run, 'files', path), text)
  }
  const picture = (path: string, more: object = {}) => ({ _type: 'image-file', path, ...more })
  const rows = [
    { _step: 3, _timestamp: 1_600_000_000, 'val/mask': picture('media/images/a.png', { caption: 'first' }) },
    { _step: 4, pairs: { _type: 'images/separated', filenames: ['media/images/b.png', 'media/images/lost.png'] } },
    { _step: 4, answers: { _type: 'table-file', path: 'media/table/t.table.json' } },
    { _step: 5, weights: { _type: 'histogram', values: [1, 2], packedBins: { min: 0, size: 0.5, count: 2 } } },
    { _step: 5, sound: { _type: 'audio', audio: [{ _type: 'audio-file', path: 'media/audio/s.wav' }] } },
    { _step: 6, strange: { _type: 'histogram', values: 'none' }, outside: picture('../../etc/passwd') },
  ]
  file('media/images/a.png', 'A')
  file('media/images/b.png', 'B')
  file('media/images/unnamed.png', 'C')
  file('media/table/t.table.json', '{"columns":["a"],"data":[[1]]}')
  file('media/audio/s.wav', 'S')
  writeFileSync(join(run, 'history.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
  const notes: string[] = []
  const source = await wandbSource(join(folder, 'media'), (what, why) => void notes.push(`${what}: ${why}`))
  const [experiment] = await source.experiments()
  const runs = []
  for await (const page of source.runs(experiment?.id ?? '')) runs.push(...page)
  expect(runs[0]?.run.tags['mlflow.loggedArtifacts']).toBe(
    '[{"path":"tables/answers/step-4.json","type":"table"},{"path":"histograms/weights.json","type":"table"}]',
  )
  const files = new Map<string, string>()
  for await (const { path, open } of source.files({ kind: 'run', id: runs[0]?.run.id ?? '' }))
    files.set(path.replace(/%[0-9a-f]{12}\./, '%ID.'), await new Response(await open()).text())
  expect([...files.keys()].toSorted()).toEqual([
    'histograms/weights.json',
    'images/pairs#0%step%4%timestamp%0%ID.png',
    'images/val#mask%step%3%timestamp%1600000000000%ID.png',
    'media.json',
    'media/audio/s.wav',
    'media/images/unnamed.png',
    'tables/answers/step-4.json',
  ])
  expect(files.get('images/val#mask%step%3%timestamp%1600000000000%ID.png')).toBe('A')
  expect(JSON.parse(files.get('histograms/weights.json') ?? '')).toEqual({
    columns: ['step', 'from', 'to', 'count'],
    data: [
      [5, 0, 0.5, 1],
      [5, 0.5, 1, 2],
    ],
  })
  expect(JSON.parse(files.get('media.json') ?? '')[0]).toMatchObject({ key: 'val/mask', step: 3, caption: 'first' })
  expect(notes.map((note) => note.split(':')[0])).toEqual([
    '1 values of "strange" of run "run-1"',
    '1 values of "outside" of run "run-1"',
    expect.stringMatching(/^1 media files of run .*lost\.png/),
  ])
})
