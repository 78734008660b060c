import { describe, expect, test } from 'vitest'
import { inBrush, parallelAxis } from './parallel-layout.ts'

describe('an axis of parallel coordinates', () => {
  test('numbers are linear, and by powers of ten where they span much', () => {
    const depth = parallelAxis('depth', ['2', '4', '8', undefined])
    expect(depth.kind).toBe('linear')
    expect(depth.share('2')).toBeLessThan(depth.share('8') ?? 0)
    expect(depth.share(undefined)).toBeUndefined()
    const rate = parallelAxis('rate', [0.001, 0.01, 0.1])
    expect(rate.kind).toBe('log')
    expect(rate.share(0.01)).toBeCloseTo(0.5)
  })

  test('words stand one over the other, and a stretch of the axis holds those inside', () => {
    const kind = parallelAxis('kind', ['svm', 'forest', 'tree', 'forest'])
    expect(kind.words).toEqual(['forest', 'svm', 'tree'])
    expect(kind.brushOf(0.4, 1)).toEqual({ words: ['forest', 'svm'] })
    const [low, high] = kind.reach({ words: ['svm'] })
    expect([low, high]).toEqual([0.25, 0.75])
  })

  test('a brush says the numbers at its ends, and keeps what lies between', () => {
    const auc = parallelAxis('auc', [0.5, 0.7, 0.9])
    const brush = auc.brushOf(1, 0.5)
    expect(inBrush(brush, 0.9)).toBe(true)
    expect(inBrush(brush, 0.5)).toBe(false)
    expect(inBrush(brush, undefined)).toBe(false)
    expect(auc.reach(brush)[0]).toBeCloseTo(0.5)
  })

  test('one value alone stands in the middle', () => {
    expect(parallelAxis('n', [3, 3]).share(3)).toBeCloseTo(0.5)
    expect(parallelAxis('w', ['a']).share('a')).toBe(0.5)
  })
})
