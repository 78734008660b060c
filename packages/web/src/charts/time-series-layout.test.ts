import { expect, test } from 'vitest'
import { layoutTimeSeries, placeFlags } from './time-series-layout.ts'

const day = 86_400_000
const series = [
  {
    id: 'a',
    label: 'measured',
    points: [
      { x: 0, y: 0.65, low: 0.64, high: 0.66 },
      { x: 10 * day, y: 0.74 },
    ],
  },
]
const input = {
  width: 500,
  height: 200,
  form: 'number',
  x: 'time',
  zone: 'UTC',
  series,
  thresholds: [],
  hasTop: true,
  endLabels: true,
  fromZero: false,
  yTicks: 4,
} as const

test('the plot leaves room for the ticks at the left and the labels at the right', () => {
  const { plot, domainY, yTicks } = layoutTimeSeries(input)
  expect(plot.left).toBeGreaterThanOrEqual(24)
  expect(plot.left + plot.width).toBeLessThanOrEqual(500 - 8 * 6)
  expect(domainY[0]).toBeLessThanOrEqual(0.64)
  expect(yTicks.map((tick) => tick.label)).toContain('0.70')
})

test('a chart without points still has axes', () => {
  const { domainX, xTicks } = layoutTimeSeries({ ...input, series: [] })
  expect(domainX[1]).toBeGreaterThan(domainX[0])
  expect(xTicks.length).toBeGreaterThan(0)
})

test('a label turns left at the right edge, and the one before makes room', () => {
  const placed = placeFlags(
    [
      { at: 300, label: 'v4 canary' },
      { at: 225, label: 'alert' },
    ],
    (at) => at,
    330,
  )
  expect(placed.map((flag) => [flag.label, flag.side])).toEqual([
    ['alert', 'left'],
    ['v4 canary', 'left'],
  ])
})

test('many near flags become one with a count', () => {
  const placed = placeFlags(
    [10, 20, 30, 40, 400].map((at) => ({ at, label: `v${at}` })),
    (at) => at,
    500,
  )
  expect(placed[0]?.label).toBe('4 releases')
  expect(placed).toHaveLength(2)
})
