import type { ComparisonData, Evidence } from '@trivium/contract'
import { describe, expect, test } from 'vitest'
import { makeEvidence } from './evidence.ts'
import { checkRules, type GateRule, judgeGate } from './gate.ts'

const comparison = (data: Partial<ComparisonData>): Evidence =>
  makeEvidence({
    kind: 'comparison',
    verdict: 'info',
    summary: 'compared',
    at: 0,
    by: 'x',
    subjects: [],
    data: {
      metric: 'log-loss',
      direction: 'lower-is-better',
      candidate: { value: 0.5, low: 0.49, high: 0.51 },
      champion: { value: 0.5, low: 0.49, high: 0.51 },
      difference: { value: 0, low: -0.001, high: 0.001 },
      margin: 0.002,
      verdict: 'no clear change',
      acceptable: true,
      rows: 1000,
      blocks: 7,
      ...data,
    },
  })
const notWorse: GateRule = { evidence: 'comparison', require: 'not worse', margin: 0.002 }
const difference = (value: number, low: number, high: number) => comparison({ difference: { value, low, high } })

describe('the gate', () => {
  test.each([
    ['a better candidate', [difference(-0.01, -0.012, -0.008)], true, 'better than the champion'],
    ['a loss within the margin', [difference(0.0005, -0.001, 0.0015)], true, 'A loss of more than 0.002 is ruled out'],
    ['a loss that cannot be ruled out', [difference(0.0005, -0.003, 0.004)], false, 'cannot be ruled out'],
    [
      'a candidate that is worse',
      [difference(0.007, 0.004, 0.01)],
      false,
      'The candidate is worse than the champion (log-loss +0.007',
    ],
    [
      'a first model',
      [comparison({ champion: null, difference: null, verdict: 'first model' })],
      true,
      'no champion yet',
    ],
    [
      'too few days',
      [comparison({ difference: { value: 0.1, low: null, high: null }, blocks: 1 })],
      false,
      'Cannot judge yet whether log-loss got worse: 1 day',
    ],
    [
      'a narrow interval from too few days',
      [comparison({ blocks: 3, verdict: 'cannot judge yet', acceptable: false })],
      false,
      'Cannot judge yet whether log-loss got worse: 3 days of 5.',
    ],
    ['no evidence at all', [], false, 'There is no comparison evidence'],
  ])('%s', (_name, evidence, passed, reason) => {
    const verdict = judgeGate([notWorse], evidence as Evidence[])
    expect(verdict.passed).toBe(passed)
    expect(verdict.reason).toContain(reason)
  })

  test('where higher is better, the sign turns', () => {
    const up = comparison({
      metric: 'roc-auc',
      direction: 'higher-is-better',
      difference: { value: 0.01, low: 0.005, high: 0.015 },
    })
    const down = comparison({
      metric: 'roc-auc',
      direction: 'higher-is-better',
      difference: { value: -0.01, low: -0.015, high: -0.005 },
    })
    expect(judgeGate([{ evidence: 'comparison', require: 'better' }], [up]).passed).toBe(true)
    expect(judgeGate([{ evidence: 'comparison', require: 'better' }], [down]).passed).toBe(false)
    expect(judgeGate([notWorse], [down]).reason).toContain('roc-auc −0.01')
  })

  test('every rule has to pass, and the reason is the first that failed', () => {
    const evaluation = makeEvidence({
      kind: 'evaluation',
      verdict: 'info',
      summary: 's',
      at: 0,
      by: 'x',
      subjects: [],
      data: { metrics: [{ metric: 'roc-auc', value: 0.6 }] },
    })
    const rules: GateRule[] = [
      { evidence: 'evaluation', require: 'at least', metric: 'roc-auc', value: 0.55 },
      { evidence: 'evaluation', require: 'at most', metric: 'roc-auc', value: 0.58 },
      { evidence: 'data', require: 'passed' },
    ]
    const verdict = judgeGate(rules, [evaluation])
    expect(verdict.checks.map((check) => check.passed)).toEqual([true, false, false])
    expect(verdict.reason).toBe('roc-auc is 0.6, which misses the bound of at most 0.58. 1 more rule failed.')
    expect(
      judgeGate([{ evidence: 'evaluation', require: 'at least', metric: 'f1', value: 0 }], [evaluation]).reason,
    ).toBe('No evaluation gives f1.')
    expect(judgeGate([], [evaluation]).passed).toBe(false)
  })

  test('rules that make no sense are refused with what is wrong', () => {
    expect(
      checkRules([
        { evidence: 'comparison', require: 'not worse', metric: 'log-loss', margin: 0.002 },
        { evidence: 'data', require: 'passed' },
      ]),
    ).toEqual([])
    expect(checkRules(undefined)[0]).toContain('gate needs "rules"')
    expect(checkRules([{ evidence: 'data', require: 'not worse' }])[0]).toContain('about comparison evidence')
    expect(checkRules([{ evidence: 'comparison', require: 'nicer' }])[0]).toContain('"require" is one of')
    expect(checkRules([{ evidence: 'comparison', require: 'not worse', margin: -1, color: 1 }])).toHaveLength(2)
    expect(checkRules([{ evidence: 'evaluation', require: 'at least' }])[0]).toContain('needs "metric"')
  })
})
