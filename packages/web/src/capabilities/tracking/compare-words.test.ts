import type { RunComparison, RunJudgement } from '@trivium/contract'
import { describe, expect, test } from 'vitest'
import { compareWords } from './compare-words.ts'

const judged = (verdict: RunJudgement['verdict']): RunJudgement => ({
  verdict,
  reason: '',
  difference: null,
  low: null,
  high: null,
  p: null,
})
const comparison = (
  names: readonly string[],
  metrics: Record<string, readonly RunJudgement['verdict'][]>,
  repeats: number,
  comparisons: number,
) =>
  ({
    runs: names.map((name) => ({ id: name, name })),
    metrics: Object.entries(metrics).map(([key, verdicts]) => ({ key, judgements: [null, ...verdicts.map(judged)] })),
    repeats: names.map((name) => Array.from({ length: repeats }, (_, at) => ({ id: `${name}${at}`, name }))),
    comparisons,
  }) as unknown as RunComparison

describe('what a comparison says first', () => {
  test('two runs alone say that they cannot be judged, and what would help', () => {
    const { claim, rest } = compareWords(comparison(['a', 'b'], { auc: ['cannot judge yet'] }, 1, 0))
    expect(claim).toBe('One run each: whether a difference is more than chance cannot be said.')
    expect(rest).toContain('two or more seeds')
  })

  test('the metrics on which a run is better and worse are named, each run once', () => {
    const words = compareWords(
      comparison(
        ['base', 'deep', 'wide', 'odd'],
        {
          auc: ['better', 'no clear change', 'cannot judge yet'],
          brier: ['better', 'no clear change', 'cannot judge yet'],
          seconds: ['worse', 'no clear change', 'cannot judge yet'],
        },
        3,
        6,
      ),
    )
    expect(words.claim).toBe(
      'deep is better than base on auc and brier and is worse on seconds; wide shows no clear change from base; odd cannot be judged against base yet.',
    )
    expect(words.rest).toContain('corrected for 6 comparisons (Holm)')
  })

  test('runs without metrics say so', () => {
    expect(compareWords(comparison(['a', 'b'], {}, 1, 0)).claim).toBe('None of these runs has a metric.')
  })
})
