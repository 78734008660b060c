import { expect, test } from 'vitest'
import { createLogger } from '../logging/index.ts'
import { systemScope } from '../principal/index.ts'
import { createMetrics } from './index.ts'

const reader = systemScope('default', 'test').principal
const make = () => createMetrics({ logger: createLogger({ level: 'silent' }) })
const route = { method: 'GET', route: '/a', status: '200' }

test('durations are counted in cumulative buckets', async () => {
  const metrics = make()
  for (const seconds of [0.0005, 0.001, 0.2, 100])
    metrics.observe('trivium_http_request_duration_seconds', route, seconds)
  const lines = (await metrics.render(reader, 'prometheus')).split('\n')
  const of = (le: string) =>
    lines
      .find((line) => line.includes('_bucket{') && line.includes(`le="${le}"`))
      ?.split(' ')
      .at(-1)
  expect([of('0.001'), of('0.1'), of('0.25'), of('1.0'), of('30.0'), of('+Inf')]).toEqual([
    '2',
    '2',
    '3',
    '3',
    '3',
    '4',
  ])
  expect(lines).toContain('trivium_http_request_duration_seconds_count{method="GET",route="/a",status="200"} 4')
  expect(lines).toContain('trivium_http_request_duration_seconds_sum{method="GET",route="/a",status="200"} 100.2015')
})

test('OpenMetrics names counters without their ending, tells units and ends with EOF', async () => {
  const metrics = make()
  metrics.collect(async () => [
    { metric: 'trivium_events_sealed_total', labels: {}, value: 7 },
    { metric: 'trivium_uptime_seconds', labels: {}, value: 1.5 },
  ])
  const text = await metrics.render(reader, 'openmetrics')
  expect(text).toContain('# TYPE trivium_events_sealed counter\ntrivium_events_sealed_total 7\n')
  expect(text).toContain('# UNIT trivium_uptime_seconds seconds\n')
  expect(text.endsWith('\n# EOF\n')).toBe(true)
  expect(await metrics.render(reader, 'prometheus')).toContain('# TYPE trivium_events_sealed_total counter\n')
})

test('what a label holds cannot break a line', async () => {
  const metrics = make()
  metrics.collect(async () => [{ metric: 'trivium_info', labels: { version: 'a"b\\c\nd' }, value: 1 }])
  expect(await metrics.render(reader, 'prometheus')).toContain('trivium_info{version="a\\"b\\\\c\\nd"} 1\n')
})

test('a reading that fails is counted, and the others are shown', async () => {
  const metrics = make()
  metrics.collect(async () => {
    throw new Error('the disk is gone')
  })
  metrics.collect(async () => [{ metric: 'trivium_uptime_seconds', labels: {}, value: 3 }])
  const text = await metrics.render(reader, 'prometheus')
  expect(text).toContain('trivium_uptime_seconds 3\n')
  expect(text).toContain('trivium_metrics_errors_total 1\n')
})
