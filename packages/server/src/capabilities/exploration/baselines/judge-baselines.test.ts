import type { Comparability, PublishedSpread } from '@trivium/contract'
import { describe, expect, test } from 'vitest'
import { comparabilityOf, type OwnProtocol } from './comparability.ts'
import fixture from './fixtures/published.json' with { type: 'json' }
import { type BaselineContest, judgeBaselines } from './judge-baselines.ts'

const comparable: Comparability = { state: 'comparable', parts: [] }
const contest = (
  values: readonly number[],
  value: number,
  spread: PublishedSpread,
  more: Partial<BaselineContest> = {},
): BaselineContest => ({
  run: 'r',
  baseline: { id: 'b', value, spread, direction: 'higher-is-better', params: {} },
  comparability: comparable,
  own: values[0] ?? null,
  values,
  reproduces: false,
  params: new Map(),
  ...more,
})
const one = (some: BaselineContest) => judgeBaselines([some]).judgements[0]

describe('a run beside a published value', () => {
  test('without a published spread the interval and p are those of one sample, as SciPy has them, and the reason says what is taken as exact', () => {
    for (const { own, value, oneSample } of fixture.cases) {
      const found = one(contest(own, value, { kind: 'none' }))
      expect(found?.difference?.method).toBe('one-sample')
      expect(found?.difference?.low).toBeCloseTo(oneSample.low, 9)
      expect(found?.difference?.high).toBeCloseTo(oneSample.high, 9)
      expect(found?.difference?.p).toBeCloseTo(oneSample.p, 9)
      expect(found?.reason).toContain('taken as exact')
    }
  })

  test('sd, standard error and interval of published repeats give the same test, which is Welch’s of SciPy, and the same spread of one more run', () => {
    for (const { own, value, sd, repeats, welch, meanInterval, prediction } of fixture.cases) {
      const spreads: PublishedSpread[] = [
        { kind: 'sd', sd, repeats },
        { kind: 'se', se: sd / Math.sqrt(repeats), repeats },
        { kind: 'interval', low: meanInterval[0] ?? 0, high: meanInterval[1] ?? 0, level: 0.95, repeats },
      ]
      for (const spread of spreads) {
        const found = one(contest(own, value, spread))
        expect(found?.difference?.method).toBe('welch')
        expect(found?.difference?.low).toBeCloseTo(welch.low, 8)
        expect(found?.difference?.high).toBeCloseTo(welch.high, 8)
        expect(found?.difference?.p).toBeCloseTo(welch.p, 8)
        expect(found?.spread.low).toBeCloseTo(prediction[0] ?? 0, 8)
        expect(found?.spread.high).toBeCloseTo(prediction[1] ?? 0, 8)
      }
    }
  })

  test('one run gives no difference at all, and repeats that never differ show no chance', () => {
    const single = one(contest([0.9], 0.7, { kind: 'none' }))
    expect(single).toMatchObject({ difference: null, verdict: 'cannot judge yet', n: 1, low: null })
    expect(single?.reason).toContain('needs 2 or more')
    expect(one(contest([0.9, 0.9], 0.7, { kind: 'none' }))?.reason).toContain('the same value each time')
  })

  test('the verdict follows the direction and p over all comparisons', () => {
    const good = [0.8, 0.81, 0.805]
    expect(one(contest(good, 0.7, { kind: 'none' }))?.verdict).toBe('better')
    const loss = contest(good, 0.7, { kind: 'none' })
    const lower = { ...loss, baseline: { ...loss.baseline, direction: 'lower-is-better' as const } }
    expect(one(lower)?.verdict).toBe('worse')
    const close = contest([0.7, 0.706, 0.7035], 0.699, { kind: 'none' })
    const alone = one(close)?.difference?.p ?? 0
    const { judgements, comparisons } = judgeBaselines([close, close, close])
    expect(comparisons).toBe(3)
    expect(judgements[0]?.difference?.p).toBeCloseTo(Math.min(1, alone * 3), 12)
  })

  test('a run is in the published spread or out of it; a mean’s interval without repeats cannot say', () => {
    expect(one(contest([0.72], 0.7, { kind: 'sd', sd: 0.01, repeats: 5 }))?.spread).toMatchObject({
      verdict: 'in range',
      reason: expect.stringContaining('5 published repeats'),
    })
    expect(one(contest([0.75], 0.7, { kind: 'sd', sd: 0.01, repeats: 5 }))?.spread.verdict).toBe('out of range')
    expect(one(contest([0.75], 0.7, { kind: 'range', low: 0.6, high: 0.76 }))?.spread.verdict).toBe('in range')
    expect(one(contest([0.7], 0.7, { kind: 'interval', low: 0.6, high: 0.8 }))?.spread).toMatchObject({
      verdict: 'cannot judge yet',
      low: null,
    })
    expect(one(contest([0.7], 0.7, { kind: 'none' }))?.spread.reason).toBe('no spread was published')
  })

  test('what is not comparable has no difference and no place in the spread, and is not counted', () => {
    const differs: Comparability = {
      state: 'not comparable',
      parts: [{ part: 'split', state: 'differs', published: 'test', own: 'validation' }],
    }
    const { judgements, comparisons } = judgeBaselines([
      contest([0.8, 0.81], 0.8, { kind: 'sd', sd: 0.1, repeats: 3 }, { comparability: differs }),
    ])
    expect(comparisons).toBe(0)
    expect(judgements[0]).toMatchObject({
      verdict: 'not comparable',
      difference: null,
      reason: 'split differs',
      spread: { verdict: 'cannot judge yet', reason: 'split differs' },
    })
  })

  test('parameters that the run has otherwise or not at all are named; other ways to write a number are none', () => {
    const some = contest(
      [0.7],
      0.7,
      { kind: 'none' },
      {
        params: new Map([
          ['lr', '0.10'],
          ['depth', '4'],
        ]),
      },
    )
    const found = one({ ...some, baseline: { ...some.baseline, params: { lr: '0.1', depth: '3', epochs: '90' } } })
    expect(found?.deviations).toEqual([
      { key: 'depth', published: '3', own: '4' },
      { key: 'epochs', published: '90', own: null },
    ])
  })
})

describe('whether a run measured the same', () => {
  const baseline = {
    dataset: { name: 'flights', version: 3, digest: 'abc' },
    split: 'test',
    definition: 'Area under the ROC curve, macro average.',
  }
  const input = (more: Partial<OwnProtocol['inputs'][number]> = {}) => ({
    name: 'flights',
    digest: '9f',
    context: 'test',
    version: 'abc',
    ...more,
  })
  const judge = (inputs: OwnProtocol['inputs'], definition: string | null = null) =>
    comparabilityOf(baseline, { inputs, definition })
  const states = (found: Comparability) => found.parts.map((part) => part.state)

  test.each([
    ['the same content and split', [input()], ['same', 'same', 'assumed'], 'comparable'],
    [
      'a digest as the client logs it',
      [input({ digest: 'abc', version: null })],
      ['same', 'same', 'assumed'],
      'comparable',
    ],
    ['other content of the split', [input({ version: 'def' })], ['differs', 'same', 'assumed'], 'not comparable'],
    [
      'the content as another split',
      [input({ context: 'training' })],
      ['same', 'differs', 'assumed'],
      'not comparable',
    ],
    ['the content without a split', [input({ context: null })], ['same', 'not recorded', 'assumed'], 'unknown'],
    [
      'only what it trained on',
      [input({ version: 'def', context: 'training' })],
      ['not recorded', 'not recorded', 'assumed'],
      'unknown',
    ],
    ['no data at all', [], ['not recorded', 'not recorded', 'assumed'], 'unknown'],
  ] as const)('%s', (_what, inputs, parts, state) => {
    const found = judge(inputs)
    expect(states(found)).toEqual(parts)
    expect(found.state).toBe(state)
  })

  test('another definition of the metric differs; the same in other spacing does not', () => {
    expect(judge([input()], ' area under the  ROC curve, macro average. ').state).toBe('comparable')
    const other = judge([input()], 'Area under the ROC curve, weighted average.')
    expect(other.state).toBe('not comparable')
    expect(other.parts[2]).toMatchObject({ part: 'metric', state: 'differs', own: expect.stringContaining('weighted') })
  })
})
