import { describe, expect, test } from 'vitest'
import { bothFilters, brushFilter, readBrushes, writeBrushes } from './brush-filter.ts'

describe('brushes of parallel coordinates', () => {
  test('come back from the address as they were written, whatever is in the names', () => {
    const brushes = new Map([
      ['metrics.val/auc~x', { low: 0.6, high: 0.75 }],
      ['params.kind', { words: ['a|b', 'c,d', "e'f"] }],
    ])
    const text = writeBrushes(brushes).join(',')
    expect(readBrushes(text.split(','))).toEqual(brushes)
    expect(readBrushes(['nonsense~1~2', 'metrics.a~x~y', 'metrics.a'])).toEqual(new Map())
  })

  test('become conditions of the language: ranges of metrics, values of parameters', () => {
    const values = () => ['2', '4', '8', undefined]
    const brushes = readBrushes(['metrics.auc~0.6~0.7', 'params.depth~3~9'])
    expect(brushFilter(brushes, values)).toBe(
      "metrics.auc >= 0.6 and metrics.auc <= 0.7 and params.depth in ('4', '8')",
    )
    expect(bothFilters("tags.a = 'x' or tags.a = 'y'", 'metrics.b > 1')).toBe(
      "(tags.a = 'x' or tags.a = 'y') and metrics.b > 1",
    )
  })

  test('that would name too many values are not asked', () => {
    const many = Array.from({ length: 1000 }, (_, at) => at / 7)
    expect(brushFilter(readBrushes(['params.rate~0~1000']), () => many)).toBeUndefined()
  })
})
