import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { near } from '../fixtures/golden.ts'
import { binOf, histogramOf, mergeHistograms } from './histogram.ts'
import { mergeMoments, momentsOf, varianceOf } from './moments.ts'
import { quantileEdges, quantileOfSorted } from './quantile-edges.ts'

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 60 })

describe('histograms on reference quantiles', () => {
  test('a value at an edge belongs to the bin above it', () => {
    expect([0, 1, 1.5, 2, 9].map((value) => binOf([1, 2], value))).toEqual([0, 1, 1, 2, 2])
  })

  test('bins of a training column hold about equal shares', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => Math.exp(i / 100))
    const { counts } = histogramOf(values, quantileEdges(values, 10))
    expect(counts).toEqual(new Array(10).fill(100))
  })

  test('a column of few values gets one bin a value and no empty bins', () => {
    const values = Array.from({ length: 300 }, (_, i) => i % 3)
    const { counts } = histogramOf(values, quantileEdges(values, 20))
    expect(counts).toEqual([100, 100, 100])
  })

  test('merging the windows gives the histogram of all their rows', () => {
    const edges = [-1000, 0, 1000]
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = mergeHistograms(histogramOf(a, edges), histogramOf(b, edges))
        expect(merged).toEqual(histogramOf([...a, ...b], edges))
      }),
    )
  })

  test('missing values are counted apart', () => {
    const histogram = histogramOf([1, Number.NaN, 3], [2])
    expect(histogram).toEqual({ edges: [2], counts: [1, 1], missing: 1, range: { min: 1, max: 3 } })
    expect(histogramOf([], [2]).range).toBeNull()
  })

  test('histograms over different edges are refused', () => {
    expect(() => mergeHistograms(histogramOf([1], [2]), histogramOf([1], [3]))).toThrow('different edges')
  })

  test('a quantile lies on the line between its neighbours', () => {
    expect(quantileOfSorted([1, 2, 4], 0.75)).toBe(3)
    expect(quantileOfSorted([1, 2, 4], 1)).toBe(4)
    expect(quantileOfSorted([], 0.5)).toBeNaN()
  })
})

describe('moments', () => {
  test('merging gives the moments of all rows', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = mergeMoments(momentsOf(a), momentsOf(b))
        const all = momentsOf([...a, ...b])
        expect(merged.n).toBe(all.n)
        expect(Math.abs(merged.mean - all.mean)).toBeLessThan(1e-8)
        expect(Math.abs(merged.m2 - all.m2)).toBeLessThanOrEqual(1e-9 * all.m2 + 1e-6)
      }),
    )
  })

  test('the variance of large values keeps its digits', () => {
    expect(varianceOf(momentsOf([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]))).toSatisfy(near(30))
    expect(varianceOf(momentsOf([3]))).toBeNaN()
  })
})
