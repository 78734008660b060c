import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startServer } from '../testing/started-server.ts'
import { crc32c } from './crc32c.ts'
import { fieldsOf } from './read-protobuf.ts'
import { tensorboardSource } from './tensorboard-source.ts'

/** Written by tensorboardX, see `fixtures/make_events.py`. */
const fixtures = join(import.meta.dirname, 'fixtures/tensorboard')
const folder = mkdtempSync(join(tmpdir(), 'trivium-tensorboard-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const read = async (path: string) => {
  const notes: string[] = []
  const source = await tensorboardSource(path, (what, why) => void notes.push(`${what}: ${why}`))
  const [experiment] = await source.experiments()
  const found = []
  for await (const [one] of source.runs(experiment?.id ?? '')) {
    if (!one) continue
    const series = []
    for await (const { key, points } of source.series([one])) series.push([key, points] as const)
    const files = []
    for await (const { path: file, size } of source.files({ kind: 'run', id: one.run.id })) files.push([file, size])
    found.push({ run: one.run, series, files, histograms: source.histograms?.(one.run.id) ?? [] })
  }
  return { notes, found }
}

test('the checksum is CRC-32C: the example of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('scalars, hyperparameters, histograms and images of files that the real writer made are read', async () => {
  const { notes, found } = await read(fixtures)
  expect(found.map(({ run }) => [run.name, run.params])).toEqual([
    ['train', {}],
    ['train/trial', { lr: '0.5', optimizer: 'adam', nesterov: 'True' }],
  ])
  expect(found[0]?.series).toEqual([
    [
      'loss',
      [
        [0, 1_600_000_000_000, 1],
        [1, 1_600_000_001_000, 0.5],
        [2, 1_600_000_002_000, Math.fround(1 / 3)],
        [3, 1_600_000_003_000, 0.25],
        [4, 1_600_000_004_000, Math.fround(0.2)],
        [5, 1_600_000_005_000, null],
      ],
    ],
  ])
  expect(found[1]?.series[0]).toMatchObject(['best', [[4, expect.any(Number), 0.25]]])
  expect(found[0]?.files).toEqual([['images/sample/first/3.png', expect.any(Number)]])
  expect(found[0]?.histograms).toMatchObject([
    { key: 'weights', step: 1, timestamp: 1_600_000_001_000, count: 4, min: 0, max: 3, sum: 6, sumSquares: 14 },
  ])
  expect(notes).toEqual([])
})

test('histograms of both forms are those that TensorBoard itself reads, in bins that follow each other', async () => {
  const folder = join(import.meta.dirname, 'fixtures/tensorboard-histograms')
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
    string,
    [string, number, [number, number, number][]][]
  >
  const { notes, found } = await read(folder)
  expect(notes).toEqual([])
  expect(found.map(({ run }) => run.name)).toEqual(Object.keys(expected))
  for (const { run, histograms } of found) {
    const theirs = expected[run.name] ?? []
    expect(histograms.map(({ key, step }) => [key, step])).toEqual(theirs.map(([tag, step]) => [tag, step]))
    for (const [index, { key, edges, counts, count, min, max }] of histograms.entries()) {
      const buckets = theirs[index]?.[2] ?? []
      expect(edges.length).toBe(counts.length + 1)
      expect(counts.length).toBeLessThanOrEqual(512)
      for (const [i, edge] of edges.entries()) if (i > 0) expect(edge).toBeGreaterThan(edges[i - 1] as number)
      expect([key, count]).toEqual([key, buckets.reduce((sum, bucket) => sum + bucket[2], 0)])
      if (buckets.length === 0) expect([min, max]).toEqual([null, null])
      else {
        expect(min).toBeCloseTo(buckets[0]?.[0] ?? 0, 5)
        expect(max).toBeCloseTo(buckets.at(-1)?.[1] ?? 0, 5)
      }
      const ours = counts
        .map((one, i): [number, number, number] => [edges[i] as number, edges[i + 1] as number, one])
        .filter((bucket) => bucket[2] > 0)
      if (key === 'many_bins') expect(ours.length).toBeLessThan(buckets.length)
      else if (key === 'same') expect(ours).toEqual([[2, 3, 7]])
      else expect(ours.map(rounded)).toEqual(buckets.map(rounded))
    }
  }
})

test('an import brings histograms to their runs, once', async () => {
  const server = await startServer()
  try {
    const folder = join(import.meta.dirname, 'fixtures/tensorboard-histograms')
    for (const args of [[], ['--full']])
      expect((await server.trivium(['import', 'tensorboard', folder, ...args])).code).toBe(0)
    const { keys } = (await server.trivium(['experiments', 'histograms', 'legacy', '--json'])).json
    expect(keys.map(({ key, points }: { key: string; points: number }) => [key, points])).toEqual([
      ['by_numpy', 1],
      ['layer/weights', 3],
      ['many_bins', 1],
      ['same', 1],
    ])
    const { out } = await server.trivium(['experiments', 'histograms', 'legacy', 'layer/weights'])
    expect(out).toMatch(/step +values +least +p5 +p50 +p95 +most/)
    expect(out.trim().split('\n')).toHaveLength(4)
  } finally {
    await server.stop()
  }
}, 60_000)

/** TensorBoard reads the older form as 32-bit floats. */
const rounded = (bucket: readonly number[]): number[] => bucket.map((one) => Number(one.toFixed(4)))

test('a file that is cut, damaged or full of lies gives what stands before, and says where it stopped', async () => {
  cpSync(fixtures, folder, { recursive: true })
  const path = join(folder, 'train/events.out.tfevents.1600000000.fixture')
  const whole = readFileSync(path)
  writeFileSync(path, whole.subarray(0, whole.length - 5))
  expect((await read(folder)).notes.join()).toContain('the last record is not whole')
  const damaged = Buffer.from(whole)
  damaged[damaged.length - 20] = (damaged[damaged.length - 20] ?? 0) ^ 1
  writeFileSync(path, damaged)
  const after = await read(folder)
  expect(after.notes.join()).toContain('the checksum of a record is wrong')
  expect(after.found[0]?.series[0]?.[1].length).toBeGreaterThan(3)
  const length = Buffer.alloc(12)
  length.writeBigUInt64LE(2n ** 60n)
  const crc = crc32c(length.subarray(0, 8))
  length.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 8)
  writeFileSync(path, length)
  expect((await read(folder)).notes.join()).toContain('more than 67108864')
  await expect(read(join(import.meta.dirname, '../testing'))).rejects.toThrow('holds no event files')
})

test('bytes that are no message are refused, however long they say that they are', () => {
  for (const bytes of [[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], [0x08], [0x0b], Array.from({ length: 20 }, () => 0xff)])
    expect(() => [...fieldsOf(Uint8Array.from(bytes))]).toThrow('no protobuf message')
})
