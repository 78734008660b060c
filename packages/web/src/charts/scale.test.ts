import { expect, test } from 'vitest'
import { countTicks, durationTicks, linearScale, niceDomain, niceTicks, spreadLabels, timeTicks } from './scale.ts'

test('ticks stand at round numbers and know their decimals', () => {
  expect(niceTicks(0.62, 0.755, 4)).toMatchObject({ ticks: [0.65, 0.7, 0.75], decimals: 2 })
  expect(niceTicks(0, 1280, 4).ticks).toEqual([0, 500, 1000])
})

test('counts tick at whole numbers', () => {
  expect(countTicks(0, 1.1).ticks).toEqual([0, 1])
  expect(countTicks(0, 3).ticks).toEqual([0, 1, 2, 3])
  expect(countTicks(0, 1280).ticks).toEqual([0, 500, 1000])
})

test('a domain widens to round numbers and bars begin at nothing', () => {
  expect(niceDomain(3, 97)).toEqual([0, 100])
  expect(niceDomain(0.641, 0.742)).toEqual([0.625, 0.75])
  expect(niceDomain(40, 97, { fromZero: true })).toEqual([0, 100])
  expect(niceDomain(5, 5)[0]).toBeLessThan(5)
  expect(niceDomain(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)).toEqual([0, 1])
})

test('weeks begin on Monday', () => {
  const ticks = timeTicks(Date.UTC(2001, 2, 29), Date.UTC(2001, 4, 3), 'UTC', 6)
  expect(ticks.map((t) => t.label)).toEqual(['2 Apr', '9 Apr', '16 Apr', '23 Apr', '30 Apr'])
})

test('hours follow the wall clock of the zone, midnight is the day', () => {
  const ticks = timeTicks(Date.UTC(2001, 4, 2, 10), Date.UTC(2001, 4, 3, 8), 'Europe/Berlin', 5)
  expect(ticks.map((t) => t.label)).toEqual(['12:00', '18:00', '3 May', '06:00'])
  expect(new Date(ticks[2]?.at ?? 0).toISOString()).toBe('2001-05-02T22:00:00.000Z')
})

test('days stay midnights where the clocks change', () => {
  const ticks = timeTicks(Date.UTC(2001, 2, 23), Date.UTC(2001, 2, 28), 'Europe/Berlin', 6)
  expect(ticks.every((t) => t.label.endsWith('Mar'))).toBe(true)
  expect(ticks).toHaveLength(5)
})

test('a long range is told in months', () => {
  expect(timeTicks(Date.UTC(2000, 10, 10), Date.UTC(2001, 5, 30), 'UTC', 6).map((t) => t.label)).toEqual([
    '2001',
    'Mar',
    'May',
  ])
})

test('labels that would meet move apart and stay inside', () => {
  const placed = spreadLabels([10, 12, 90], [14, 14, 14], 0, 100)
  expect((placed[1] ?? 0) - (placed[0] ?? 0)).toBeGreaterThanOrEqual(14)
  expect(spreadLabels([99, 99], [14, 14], 0, 100).every((y) => y <= 93)).toBe(true)
})

test('an empty domain maps to the middle', () => {
  expect(linearScale([1, 1], [0, 10])(1)).toBe(5)
})

test('durations tick at whole minutes', () => {
  expect(durationTicks(0, 310_000, 3).ticks).toEqual([0, 120_000, 240_000])
})
