import { describe, expect, test } from 'vitest'
import { golden, near } from '../../kernel/stats/fixtures/golden.ts'
import { configurationOf, isSeed } from './find-repeats.ts'
import { spreadOf } from './group-runs-thread.ts'
import { type Contest, judgeRuns, summaryOf } from './judge-runs.ts'
import { metricDirectionOf } from './metric-direction.ts'

/**
 * Worked out with SciPy 1.17.1 on these very numbers:
 *   a, b = [0.661, 0.668, 0.664, 0.659, 0.666], [0.672, 0.679, 0.674, 0.681, 0.669]
 *   w = stats.ttest_ind(b, a, equal_var=False); w.pvalue, w.confidence_interval(0.95)
 *   stats.t.interval(0.95, 4, loc=np.mean(a), scale=stats.sem(a))
 */
const a = [0.661, 0.668, 0.664, 0.659, 0.666]
const b = [0.672, 0.679, 0.674, 0.681, 0.669]
const scipy = {
  difference: 0.011400000000000077,
  low: 0.004961326916256609,
  high: 0.017838673083743546,
  p: 0.003875207498332955,
  sd: 0.003646916505762097,
  meanLow: 0.6590717550703401,
  meanHigh: 0.6681282449296598,
}

const contest = (base: readonly number[], other: readonly number[], direction: Contest['direction']): Contest => ({
  direction,
  base: { runs: base.map((_, at) => `a${at}`), values: base },
  other: { runs: other.map((_, at) => `b${at}`), values: other },
})
const judge = (...contests: Contest[]) => judgeRuns(contests).judgements

describe('what repeats of two configurations show', () => {
  test('the difference of means has the interval and p of Welch as SciPy computes them', () => {
    const [judged] = judge(contest(a, b, 'higher-is-better'))
    expect(judged).toMatchObject({ verdict: 'better', reason: '5 runs against 5' })
    expect(judged?.difference).toSatisfy(near(scipy.difference, 1e-9))
    expect(judged?.low).toSatisfy(near(scipy.low, 1e-9))
    expect(judged?.high).toSatisfy(near(scipy.high, 1e-9))
    expect(judged?.p).toSatisfy(near(scipy.p, 1e-9))
    for (const { reference, current, welch } of golden.twoSamples) {
      const [found] = judge(contest(reference, current, 'lower-is-better'))
      expect(found?.low).toSatisfy(near(welch.low))
      expect(found?.high).toSatisfy(near(welch.high))
    }
  })

  test('the word follows the direction of the metric, and there is none where nobody knows it', () => {
    expect(judge(contest(a, b, 'lower-is-better'))[0]?.verdict).toBe('worse')
    expect(judge(contest(b, a, 'lower-is-better'))[0]?.verdict).toBe('better')
    const [unknown] = judge(contest(a, b, null))
    expect(unknown).toMatchObject({ verdict: 'cannot judge yet' })
    expect(unknown?.reason).toContain('say whether more or less is better')
    expect(unknown?.difference).toBeCloseTo(0.0114, 6)
  })

  test('an interval that holds zero shows no clear change', () => {
    const [judged] = judge(contest([0.66, 0.67, 0.68], [0.661, 0.672, 0.679], 'higher-is-better'))
    expect(judged?.verdict).toBe('no clear change')
    expect(judged?.low).toBeLessThan(0)
    expect(judged?.high).toBeGreaterThan(0)
  })

  test('one run each, one against many and repeats that never differ are not judged', () => {
    const reasons = judge(
      contest([0.6], [0.7], 'higher-is-better'),
      contest([0.6, 0.61, 0.62], [0.7], 'higher-is-better'),
      contest([0.6, 0.6], [0.7, 0.7], 'higher-is-better'),
    ).map(({ verdict, reason, low }) => [verdict, reason, low])
    expect(reasons).toEqual([
      ['cannot judge yet', 'one run each', null],
      ['cannot judge yet', '1 run against 3: each needs 2 with different seeds', null],
      ['cannot judge yet', 'the repeats gave the same value each time, so they show no chance', null],
    ])
    const same = contest(a, a, 'higher-is-better')
    expect(judge({ ...same, other: same.base })[0]?.reason).toBe('the same configuration')
  })

  test('many comparisons make chance finds likelier, so p is corrected for all of them', () => {
    const weak = contest([0.66, 0.67, 0.68], [0.689, 0.695, 0.701], 'higher-is-better')
    expect(judge(weak)[0]?.verdict).toBe('better')
    const nothing = contest([0.66, 0.67, 0.68], [0.661, 0.672, 0.679], 'higher-is-better')
    const { judgements, comparisons } = judgeRuns([weak, nothing, nothing, nothing])
    expect(comparisons).toBe(4)
    expect(judgements[0]?.verdict).toBe('no clear change')
  })

  test('repeats are summed up by mean and standard deviation, groups with the interval of the mean', () => {
    expect(summaryOf([])).toEqual({ n: 0, mean: null, sd: null })
    expect(summaryOf([2])).toEqual({ n: 1, mean: 2, sd: null })
    expect(spreadOf([2])).toEqual({ n: 1, mean: 2, sd: null, low: null, high: null, min: 2, max: 2 })
    const spread = spreadOf(a)
    expect(spread).toMatchObject({ n: 5, min: 0.659, max: 0.668 })
    expect(spread.sd).toSatisfy(near(scipy.sd, 1e-9))
    expect(spread.low).toSatisfy(near(scipy.meanLow, 1e-9))
    expect(spread.high).toSatisfy(near(scipy.meanHigh, 1e-9))
  })
})

describe('what a name says', () => {
  test('the direction of a metric, where its name says one', () => {
    const directions = (names: string) => names.split(' ').map(metricDirectionOf)
    expect(new Set(directions('auc test.auc val_accuracy f1-score r2 training_score rocAuc neg_log_loss'))).toEqual(
      new Set(['higher-is-better']),
    )
    expect(new Set(directions('loss log_loss brier_score mean_absolute_error rmse testRMSE latency-ms'))).toEqual(
      new Set(['lower-is-better']),
    )
    expect(new Set(directions('epoch rows auc_loss late_share discrimination'))).toEqual(new Set([null]))
  })

  test('seeds, and nothing that only sounds like one', () => {
    expect(
      ['seed', 'random_state', 'model__random_state', 'np-seed', 'RANDOM_SEED', 'rng'].filter(isSeed),
    ).toHaveLength(6)
    expect(['seeds_sown', 'random', 'state', 'reseeded', 'kind'].filter(isSeed)).toEqual([])
  })

  test('a configuration is parameters, data and commit without the seed; a run without parameters has none', () => {
    const map = (values: Record<string, string>) => new Map(Object.entries(values))
    const of = (params: Record<string, string>, inputs = {}, tags = {}, pipeline_run: string | null = null) =>
      configurationOf({ params: map(params), inputs: map(inputs), tags: map(tags), run: { pipeline_run } })
    const commit = (value: string) => ({ 'mlflow.source.git.commit': value })
    expect(of({ kind: 'x', seed: '1' })).toBe(of({ seed: '2', kind: 'x' }))
    expect(of({ kind: 'x' })).not.toBe(of({ kind: 'y' }))
    expect(of({ kind: 'x' }, { flights: 'a' })).not.toBe(of({ kind: 'x' }, { flights: 'b' }))
    expect(of({ kind: 'x' }, {}, commit('a'))).not.toBe(of({ kind: 'x' }, {}, commit('b')))
    expect(of({ kind: 'x' }, {}, { note: 'a' })).toBe(of({ kind: 'x' }, {}, { note: 'b' }))
    expect(of({ seed: '1' })).toBeUndefined()
  })

  test('runs of two pipeline runs that logged no data are no repeats, because each may have read other data', () => {
    const of = (pipeline_run: string, data?: string) =>
      configurationOf({
        params: new Map([['kind', 'x']]),
        inputs: new Map(data === undefined ? [] : [['flights', data]]),
        tags: new Map(),
        run: { pipeline_run },
      })
    expect(of('prn_a')).not.toBe(of('prn_b'))
    expect(of('prn_a', '1')).toBe(of('prn_b', '1'))
  })
})
