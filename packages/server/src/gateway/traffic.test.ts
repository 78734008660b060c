import { expect, test } from 'vitest'
import { createTrafficCounter } from './traffic.ts'

const minute = 60_000

test('requests are counted by outcome and minute, and quantiles are within a tenth', () => {
  const counter = createTrafficCounter(0)
  for (let index = 1; index <= 100; index += 1)
    counter.add({ status: 200, predictions: 2, micros: index * 100, now: minute + index })
  counter.add({ status: 400, predictions: 0, micros: 5, now: 2 * minute })
  counter.add({ status: 503, predictions: 0, micros: 5, now: 2 * minute })
  const traffic = counter.read(2 * minute + 1, 60)
  expect(traffic).toMatchObject({ requests: 102, predictions: 200, refused: 1, failed: 1, perSecond: 200 / 60 })
  expect(traffic.p50Ms).toBeGreaterThanOrEqual(5)
  expect(traffic.p50Ms).toBeLessThan(5.5)
  expect(traffic.p99Ms).toBeGreaterThanOrEqual(9.9)
  expect(traffic.p99Ms).toBeLessThan(10.9)
  expect(traffic.minutes.map(({ at, requests, p50Ms }) => [at, requests, p50Ms === null])).toEqual([
    [minute, 100, false],
    [2 * minute, 2, true],
  ])
  expect(counter.read(2 * minute + 1, 0.5).minutes.map(({ at }) => at)).toEqual([2 * minute])
})

test('minutes older than two hours are forgotten, the totals are not', () => {
  const counter = createTrafficCounter(0)
  for (let index = 0; index < 200; index += 1)
    counter.add({ status: 200, predictions: 1, micros: 100, now: index * minute })
  const traffic = counter.read(200 * minute, 1000)
  expect([traffic.requests, traffic.minutes.length, traffic.minutes[0]?.at]).toEqual([200, 120, 80 * minute])
})
