import type { FeatureDrift, MetricResult, WindowPerformance } from '@trivium/contract'
import { expect, test } from 'vitest'
import { driftSentence, headlineOf, lossSentence } from './headline.ts'

const feature: FeatureDrift = {
  ...({} as FeatureDrift),
  feature: 'recent_late',
  measure: 'kolmogorov-smirnov',
  effect: 0.25727,
  minEffect: 0.1,
  change: null,
}
const metric: MetricResult = {
  metric: 'log-loss',
  value: 0.60831,
  interval: { low: 0.49, high: 0.7 },
  baseline: { value: 0.40783, interval: null, source: 'fixed', urn: null },
  loss: 0.20048,
  lossInterval: { low: 0.0474, high: 0.3201 },
  margin: 0.03,
  verdict: 'breach',
  reason: null,
  open: true,
}
const performance = { ripe: true, metrics: [metric] } as unknown as WindowPerformance

test.each([
  [3.36e-65, 'q < 0.0001'],
  [0, 'q < 0.0001'],
  [0.00042, 'q 0.00042'],
  [0.01234, 'q 0.012'],
])('a chance of %d reads "%s"', (q, words) => {
  expect(driftSentence({ ...feature, q })).toBe(`recent_late drifted: KS 0.257, allowed 0.1, ${words}`)
})

test('the numbers of a loss have as many decimals as its interval deserves', () => {
  expect(lossSentence(metric)).toBe('log loss 0.61 is 0.20 worse than 0.41 (95 % 0.05 to 0.32), allowed 0.03')
  expect(lossSentence({ ...metric, lossInterval: null, loss: 3e-7 })).toBe(
    'log loss 0.608 is < 0.0001 worse than 0.408, allowed 0.03',
  )
})

test('a headline about an older window says which', () => {
  expect(headlineOf(null, performance)).toMatch(/^Log loss 0\.61 .*allowed 0\.03\.$/)
  expect(headlineOf(null, performance, Date.UTC(2001, 1, 12))).toMatch(
    /allowed 0\.03, in the window from 12 Feb 2001, the last that could be judged\.$/,
  )
})

test('the name of a feature keeps its case at the beginning of a headline', () => {
  const once = { verdict: 'breach', tests: 1, features: [{ ...feature, verdict: 'breach', open: false }] }
  expect(headlineOf(once as never, null)).toBe('In one window recent_late moved; it counts once it lasts.')
})
