import type { Baseline, BaselineJudgement, Comparability } from '@trivium/contract'
import { holm, meanAgainst, meanDifference, type Moments, momentsOf } from '../../../kernel/stats/index.ts'
import { spreadOf } from '../../tracking/index.ts'
import { whyNot } from './comparability.ts'
import { inSpread, publishedRepeats } from './published-spread.ts'

const level = 0.95

/** A run beside a baseline. */
export interface BaselineContest {
  readonly run: string
  readonly baseline: Pick<Baseline, 'id' | 'value' | 'spread' | 'direction' | 'params'>
  readonly comparability: Comparability
  /** The run's own value, and those of its repeats with other seeds, itself among them. */
  readonly own: number | null
  readonly values: readonly number[]
  readonly reproduces: boolean
  readonly params: ReadonlyMap<string, string>
}

interface Tested {
  readonly difference: number
  readonly interval: { readonly low: number; readonly high: number }
  readonly pValue: number
  readonly method: 'welch' | 'one-sample'
}

/**
 * Judges runs against published values. Where the spread of the published repeats is known, by Welch's t; else by Student's one-sample t against the number, which is then
 * taken as exact, and the reason says so. Never a difference of one run: it says nothing about chance. p is corrected by Holm over all that could be tested.
 */
export function judgeBaselines(contests: readonly BaselineContest[]): {
  judgements: BaselineJudgement[]
  comparisons: number
} {
  const tested = contests.map((contest) => ({ contest, found: testOf(contest) }))
  const corrected = holm(tested.flatMap(({ found }) => (typeof found === 'string' ? [] : [found.pValue])))
  let at = 0
  const judgements = tested.map(({ contest, found }): BaselineJudgement => {
    const { baseline, comparability, own, values, run, reproduces, params } = contest
    const spread = values.length === 0 ? undefined : spreadOf(values)
    const shared = {
      baseline: baseline.id,
      run,
      comparability,
      value: own,
      n: spread?.n ?? 0,
      mean: spread?.mean ?? null,
      sd: spread?.sd ?? null,
      low: spread?.low ?? null,
      high: spread?.high ?? null,
      spread: spreadFor(contest),
      reproduces,
      deviations: deviationsOf(baseline.params, params),
    }
    if (typeof found === 'string') {
      const verdict = comparability.state === 'not comparable' ? 'not comparable' : 'cannot judge yet'
      return { ...shared, difference: null, verdict, reason: found }
    }
    const p = corrected[at++] as number
    const difference = { value: found.difference, ...endsOf(found.interval), p, method: found.method }
    const reason = reasonOf(contest, found)
    if (p > 1 - level) return { ...shared, difference, verdict: 'no clear change', reason }
    const gained = found.difference > 0 === (baseline.direction === 'higher-is-better')
    return { ...shared, difference, verdict: gained ? 'better' : 'worse', reason }
  })
  return { judgements, comparisons: corrected.length }
}

const endsOf = ({ low, high }: { low: number; high: number }) => ({ low, high })

/** The test of a contest, or why there is none. */
function testOf({ comparability, values, own, baseline }: BaselineContest): Tested | string {
  if (comparability.state !== 'comparable') return whyNot(comparability)
  if (own === null && values.length === 0) return 'the run has no value of the metric'
  if (values.length < 2)
    return `${values.length === 1 ? '1 finished run' : 'no finished run'}: it needs 2 or more with different seeds`
  const sample = momentsOf(values)
  const published = momentsOfPublished(baseline)
  if (sample.m2 === 0 && (published === undefined || published.m2 === 0))
    return 'the repeats gave the same value each time, so they show no chance'
  if (published) return { ...meanDifference(published, sample, level), method: 'welch' }
  return { ...meanAgainst(sample, baseline.value, level), method: 'one-sample' }
}

function momentsOfPublished({ value, spread }: BaselineContest['baseline']): Moments | undefined {
  const { sd, n } = publishedRepeats(value, spread)
  return sd === null || n === null || n < 2 ? undefined : { n, mean: value, m2: sd * sd * (n - 1) }
}

function reasonOf({ values, baseline }: BaselineContest, { method }: Tested): string {
  const own = `${values.length} runs`
  return method === 'welch'
    ? `${own} against ${publishedRepeats(baseline.value, baseline.spread).n} published repeats`
    : `${own}; the published value is taken as exact, because its spread over repeats is not known`
}

function spreadFor({ comparability, own, baseline }: BaselineContest): BaselineJudgement['spread'] {
  const found = inSpread(own, baseline.value, baseline.spread)
  if (comparability.state === 'comparable') return found
  return { ...found, verdict: 'cannot judge yet', reason: whyNot(comparability) }
}

function deviationsOf(
  published: Readonly<Record<string, string>>,
  own: ReadonlyMap<string, string>,
): BaselineJudgement['deviations'] {
  return Object.entries(published)
    .filter(([key, value]) => !sameValue(value, own.get(key)))
    .map(([key, value]) => ({ key, published: value, own: own.get(key) ?? null }))
}

/** `0.10` and `0.1` are the same number. */
function sameValue(one: string, other: string | undefined): boolean {
  if (other === undefined) return false
  if (one === other) return true
  return one.trim() !== '' && other.trim() !== '' && Number(one) === Number(other)
}
