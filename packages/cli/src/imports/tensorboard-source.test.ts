import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
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
    found.push({ run: one.run, series, files })
  }
  return { notes, found }
}

test('the checksum is CRC-32C: the example of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test('scalars, hyperparameters and images of files that the real writer made are read; histograms are named', async () => {
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
  expect(notes).toEqual([
    '1 values of kind histogram of run "train": only scalars, hyperparameters and images are taken',
  ])
})

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
