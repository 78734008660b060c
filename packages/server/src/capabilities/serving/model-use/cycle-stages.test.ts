import { expect, test } from 'vitest'
import { spreadOf } from './cycle-stages.ts'
import expected from './fixtures/expected.json' with { type: 'json' }

test.each(expected.map((one) => [one.values.length, one] as const))(
  'the interval of the median of %i values is that of scipy',
  (_, { values, low, high }) => {
    const found = spreadOf(values)
    expect([found.low, found.high]).toEqual([low, high])
  },
)

test('quartiles, the longest and how many', () => {
  expect(spreadOf([4, 1, 3, 2, 5])).toEqual({ n: 5, median: 3, low: null, high: null, q1: 2, q3: 4, longest: 5 })
  expect(spreadOf([])).toMatchObject({ n: 0, median: null, longest: null })
})
