import { expect, test } from 'vitest'
import type { Field } from '../kernel/models/index.ts'
import type { InputValue } from './check-value.ts'
import type { Answered } from './predict.ts'
import { recordLines } from './record-lines.ts'

const field = (name: string, width = 1): Field => ({ name, datatype: 'FP32', width, usedBy: [] })
const deployment = {
  project: 'default',
  name: 'late',
  live: { release: { id: 'rel_1', manifest: { model: 'late', version: 2 } } },
}

test('every value is recorded as JSON reads it back: names in quotes, no NaN, whole numbers exactly, wide tensors by size', () => {
  const fields = new Map<Field, InputValue[]>([
    [field('a "quoted" name\n'), [1.5, Number.NaN]],
    [field('word'), ['x"\\', '']],
    [field('id'), [9007199254740993n, 7n]],
    [field('yes'), [true, false]],
    [field('pair', 2), [1, 2, 3, -0]],
    [field('image', 300), new Array<InputValue>(600).fill(1)],
  ])
  const answered = {
    deployment,
    count: 2,
    ids: ['p1', 'p2'],
    outputs: [{ name: 'score', datatype: 'FP32', shape: [2], width: 1, data: Float32Array.of(0.5, 0.25) }],
    features: [],
    latencyMicros: 12,
  } as unknown as Answered
  const rows = { count: 2, columns: new Map(), eventTimes: [100] }
  const lines = recordLines(answered, { count: 2, inputs: [], fields }, rows, { request: 'req_1', at: 200 })
  const [first, second, rest] = lines.split('\n')
  expect(rest).toBe('')
  expect(JSON.parse(first ?? '')).toEqual({
    id: 'p1',
    project: 'default',
    deployment: 'late',
    release: 'rel_1',
    model: 'late',
    version: 2,
    eventTime: 100,
    at: 200,
    inputs: {
      'a "quoted" name\n': 1.5,
      word: 'x"\\',
      id: '9007199254740993',
      yes: true,
      pair_0: 1,
      pair_1: 2,
      image: '300 values',
    },
    features: {},
    outputs: { score: 0.5 },
    latencyMicros: 12,
    request: 'req_1',
  })
  expect((JSON.parse(second ?? '') as { inputs: unknown }).inputs).toEqual({
    'a "quoted" name\n': null,
    word: '',
    id: 7,
    yes: false,
    pair_0: 3,
    pair_1: 0,
    image: '300 values',
  })
})
