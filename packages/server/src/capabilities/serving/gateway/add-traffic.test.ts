import { expect, test } from 'vitest'
import type { GatewayTraffic } from '../../../kernel/ports/index.ts'
import { addTraffic } from './add-traffic.ts'

const one = (over: Partial<GatewayTraffic>): GatewayTraffic => ({
  since: 100,
  requests: 10,
  predictions: 20,
  refused: 1,
  failed: 2,
  perSecond: 0.5,
  p50Ms: 3,
  p99Ms: 9,
  minutes: [],
  ...over,
})
const minute = (at: number, p50Ms: number | null) => ({
  at,
  requests: 1,
  predictions: 2,
  refused: 0,
  failed: 0,
  p50Ms,
  p99Ms: p50Ms,
})

test('the counts of two gateways are added, minute by minute; of the times the longest counts', () => {
  const sum = addTraffic([
    one({ minutes: [minute(60_000, 4)] }),
    undefined,
    null,
    one({ since: 50, p50Ms: null, p99Ms: 12, minutes: [minute(0, 1), minute(60_000, 7)] }),
  ])
  expect(sum).toMatchObject({ since: 50, requests: 20, predictions: 40, refused: 2, failed: 4, perSecond: 1 })
  expect(sum).toMatchObject({ p50Ms: 3, p99Ms: 12 })
  expect(sum?.minutes).toEqual([
    minute(0, 1),
    { at: 60_000, requests: 2, predictions: 4, refused: 0, failed: 0, p50Ms: 7, p99Ms: 7 },
  ])
})

test('a deployment that no gateway knows has no counts', () => {
  expect(addTraffic([null, undefined])).toBeNull()
})
