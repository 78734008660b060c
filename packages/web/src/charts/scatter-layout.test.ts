import { describe, expect, test } from 'vitest'
import { logTicks, placeScatter } from './scatter-layout.ts'

const points = (...xs: (number | string)[]) => xs.map((x, at) => ({ id: `${at}`, label: `p${at}`, x, y: at }))

describe('where points of a scatter stand', () => {
  test('texts that are numbers are numbers', () => {
    const { kind, placed } = placeScatter(points('3', '12', 7))
    expect([kind, placed.map((point) => point.at)]).toEqual(['linear', [3, 12, 7]])
  })

  test('numbers over several powers of ten stand by their power', () => {
    const { kind, placed } = placeScatter(points('1e-4', '0.1', '0.01'))
    expect([kind, placed.map((point) => Math.round(point.at))]).toEqual(['log', [-4, -1, -2]])
    expect(placeScatter(points(0, 1000)).kind).toBe('linear')
    expect(logTicks(-1.6, 0.1)).toEqual([0.05, 0.1, 0.2, 0.5, 1])
    expect(logTicks(-4, 0)).toEqual([0.0001, 0.001, 0.01, 0.1, 1])
  })

  test('words stand side by side in order, and a number among them is one of them', () => {
    const { kind, ticks, placed } = placeScatter(points('tree', 'linear', '3', 'tree'))
    expect([kind, ticks, placed.map((point) => point.at)]).toEqual(['words', ['3', 'linear', 'tree'], [2, 1, 0, 2]])
  })

  test('what has no x or no y is left out', () => {
    expect(placeScatter([...points('', 2), { id: 'n', label: 'n', x: 1, y: Number.NaN }]).placed).toHaveLength(1)
    expect(placeScatter([]).placed).toEqual([])
  })
})
