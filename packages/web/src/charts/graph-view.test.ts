import { expect, test } from 'vitest'
import { columnGap } from './graph-layout.ts'
import { fitScale, zoomFrom } from './graph-view.tsx'

test('a graph is scaled until both its sides fit, and is neither enlarged nor made unreadable', () => {
  expect(fitScale({ width: 1000, height: 400 }, { width: 1200, height: 800 })).toBe(1)
  expect(fitScale({ width: 1000, height: 1000 }, { width: 1200, height: 800 })).toBeCloseTo(0.8)
  expect(fitScale({ width: 1500, height: 400 }, { width: 1200, height: 800 })).toBeCloseTo(0.8)
  expect(fitScale({ width: 5000, height: 400 }, { width: 390, height: 800 })).toBeGreaterThan(0.6)
})

test('the zoom goes in steps and stops at its ends', () => {
  expect(zoomFrom(0.8, 1)).toBe(0.87)
  expect(zoomFrom(0.8, -1)).toBe(0.75)
  expect(zoomFrom(2, 1)).toBe(2)
  expect(zoomFrom(0.5, -1)).toBe(0.5)
})

test('nodes of a full column move together', () => {
  const nodes = Array.from({ length: 10 }, (_, at) => ({ id: `n${at}`, column: 1 }))
  expect(columnGap(nodes, 5000)).toBe(22)
  expect(columnGap(nodes, 10 * 50 + 9 * 15)).toBe(15)
  expect(columnGap(nodes, 100)).toBe(10)
})
