import { expect, test } from 'vitest'
import { legacyHistogram, tensorHistogram } from './tensorboard-histograms.ts'

const doubles = (...values: number[]): Buffer => Buffer.from(new Float64Array(values).buffer)
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
const double = (number: number, value: number): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 1]), doubles(value)])
const legacy = (min: number, max: number, limits: number[], counts: number[]) =>
  legacyHistogram(
    Buffer.concat([double(1, min), double(2, max), field(6, doubles(...limits)), field(7, doubles(...counts))]),
  )
const dimension = (size: number): Buffer => field(2, Buffer.from([8, size]))
const tensor = (sizes: number[], values: number[]) =>
  tensorHistogram(
    Buffer.concat([Buffer.from([8, 2]), field(2, Buffer.concat(sizes.map(dimension))), field(4, doubles(...values))]),
  )

test('buckets are cut to the least and the greatest value, and what has no width joins its neighbour', () => {
  expect(legacy(0.5, 3, [0, 1, 2, 1e300], [0, 1, 2, 3])).toMatchObject({ edges: [0.5, 1, 2, 3], counts: [1, 2, 3] })
  expect(legacy(0, 2, [1, 1, 2], [1, 4, 2])).toMatchObject({ edges: [0, 1, 2], counts: [1, 6], count: 7 })
  expect(tensor([2, 3], [0, 1, 4, 2, 3, 5])).toMatchObject({ edges: [0, 1, 2, 3], counts: [4, 0, 5], min: 0, max: 3 })
})

test('what is no histogram gives none: missing counts, shapes that lie, numbers that are none, counts below nothing', () => {
  expect(legacy(0, 1, [1, 2], [1])).toBeUndefined()
  expect(legacy(Number.NaN, 1, [1], [1])).toBeUndefined()
  expect(legacy(2, 1, [1], [1])).toBeUndefined()
  expect(legacy(0, 1, [1], [-1])).toBeUndefined()
  expect(tensor([100, 3], [0, 1, 4])).toBeUndefined()
  expect(tensor([3], [0, 1, 4])).toBeUndefined()
  expect(tensor([1, 3], [0, Number.POSITIVE_INFINITY, 4])).toBeUndefined()
  expect(tensor([1, 3], [0, 1, 4])).toBeDefined()
})
