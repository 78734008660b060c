import { describe, expect, test } from 'vitest'
import { bandOf, smoothPoints } from './curve-math.ts'
import { findKeys, metricSections } from './metric-sections.ts'

describe('the workspace of panels', () => {
  test('sections are named by what stands before the first slash; names without one come first', () => {
    expect(metricSections(['val/loss', 'loss', 'val/auc', 'sys/gpu/2', 'sys/gpu/10', '/odd'])).toEqual([
      { prefix: '', keys: ['/odd', 'loss'] },
      { prefix: 'sys', keys: ['sys/gpu/2', 'sys/gpu/10'] },
      { prefix: 'val', keys: ['val/auc', 'val/loss'] },
    ])
  })

  test('a regular expression finds names, one that is wrong says why, and none makes the page wait', () => {
    expect(findKeys(['train/loss', 'val/loss', 'auc'], '^(train|val)/').keys).toEqual(['train/loss', 'val/loss'])
    expect(findKeys(['a'], '(').error).toMatch(/\w/)
    const begun = performance.now()
    expect(findKeys(['a'.repeat(5000)], '(a+)+$b').keys).toEqual([])
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  test('smoothing begins at the first value, leaves gaps and changes nothing at weight 0', () => {
    const points = [1, 3, null, 5].map((y, x) => ({ x, y }))
    expect(smoothPoints(points, 0).map((p) => p.y)).toEqual([1, 3, null, 5])
    // 0.5: (0.25*1 + 0.5*3) / 0.75, then (0.125*1 + 0.25*3 + 0.5*5) / 0.875
    expect(smoothPoints(points, 0.5).map((p) => p.y)).toEqual([1, 1.75 / 0.75, null, 3.375 / 0.875])
  })

  test('a band is the mean and one standard deviation of the curves that reach the step', () => {
    const curve = (...ys: number[]) => ys.map((y, x) => ({ x: x * 2, y }))
    const band = bandOf([curve(1, 3), curve(3, 5, 7)])
    expect(band.map((p) => p.x)).toEqual([0, 2, 4])
    expect(band[0]).toEqual({ x: 0, y: 2, low: 2 - Math.SQRT2, high: 2 + Math.SQRT2 })
    expect(band[2]).toEqual({ x: 4, y: 7 })
    // a curve with other steps is read between its points
    expect(bandOf([curve(0, 4), [{ x: 1, y: 4 }]])[1]?.y).toBe(3)
  })
})
