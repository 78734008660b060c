import { expect, test } from 'vitest'
import { histogramQuantiles } from './histogram-quantiles.ts'

test('quantiles lie in their bins, between the least and the greatest value', () => {
  const even = { edges: [0, 10, 20, 30], counts: [10, 0, 10], count: 20, min: 1, max: 29 }
  expect(histogramQuantiles(even, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])).toEqual([1, 1, 5, 10, 25, 29, 29])
  expect(histogramQuantiles({ edges: [2, 3], counts: [7], count: 7, min: 2.5, max: 2.5 }, [0.05, 0.95])).toEqual([
    2.5, 2.5,
  ])
  expect(histogramQuantiles({ edges: [0, 1], counts: [0], count: 0, min: null, max: null }, [0.5])).toEqual([null])
})
