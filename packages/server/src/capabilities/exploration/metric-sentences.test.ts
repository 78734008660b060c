import { expect, test } from 'vitest'
import { metricSentence, recoveredText } from './metric-sentences.ts'

test('a metric that was recovered from checkpoints is not drafted as one that the run measured', () => {
  expect([{ count: 5 }, { count: 5, recovered: 5 }, { count: 5, recovered: 2 }].map(recoveredText)).toEqual([
    '',
    ' (recovered from checkpoints)',
    ' (2 of 5 points recovered from checkpoints)',
  ])
  const own = { key: 'f1', last: 0.5, step: 3, timestamp: 1, min: 0.1, max: 0.5, count: 3, nanCount: 0, recovered: 3 }
  const metric = { key: 'f1', direction: null, values: [null, own], repeats: [], judgements: [] }
  const named = (name: string) => ({ id: name, name })
  expect(metricSentence(metric as never, named('b'), named('a')).text).toBe(
    '`f1` ended at 0.5 (recovered from checkpoints); `a` has none.',
  )
})
