import type { RunJudgement, RunMetricDirection } from '@trivium/contract'
import { holm, meanDifference, type Moments, momentsOf, varianceOf } from '../../kernel/stats/index.ts'

const level = 0.95

/** The repeats of one configuration: which runs they are, and their values of a metric. */
export interface Repeats {
  readonly runs: readonly string[]
  readonly values: readonly number[]
}

/** Mean and standard deviation of repeats. */
export function summaryOf(values: readonly number[]): { n: number; mean: number | null; sd: number | null } {
  const moments = momentsOf(values)
  const sd = Math.sqrt(varianceOf(moments))
  return { n: moments.n, mean: moments.n === 0 ? null : moments.mean, sd: Number.isNaN(sd) ? null : sd }
}

/** One metric of one configuration beside the baseline's. */
export interface Contest {
  readonly direction: RunMetricDirection | null
  readonly base: Repeats
  readonly other: Repeats
}

/**
 * Judges every contest of a comparison. The mean difference and its 95 % interval are Welch's t, which does not assume that both
 * configurations scatter alike (B. L. Welch, "The generalization of 'Student's' problem when several different population
 * variances are involved", Biometrika 34, 1947, 28–35); `kernel/stats` checks it against SciPy's `ttest_ind(equal_var=False)`
 * and `confidence_interval`. p is corrected by Holm over all contests that could be tested, and the verdict follows it.
 */
export function judgeRuns(contests: readonly Contest[]): { judgements: RunJudgement[]; comparisons: number } {
  const tested = contests.map((contest) => {
    const [base, other] = [momentsOf(contest.base.values), momentsOf(contest.other.values)]
    const missing = whyNot(contest, base, other)
    return { contest, missing, found: missing === undefined ? meanDifference(base, other, level) : undefined }
  })
  const corrected = holm(tested.flatMap(({ found }) => (found ? [found.pValue] : [])))
  let at = 0
  const judgements = tested.map(({ contest, missing, found }): RunJudgement => {
    if (!found)
      return { verdict: 'cannot judge yet', reason: missing ?? '', difference: null, low: null, high: null, p: null }
    const p = corrected[at++] as number
    const measured = { difference: found.difference, low: found.interval.low, high: found.interval.high, p }
    const counts = `${found.n.current} runs against ${found.n.reference}`
    if (contest.direction === null)
      return { ...measured, verdict: 'cannot judge yet', reason: `${counts}; say whether more or less is better` }
    if (p > 1 - level) return { ...measured, verdict: 'no clear change', reason: counts }
    const gained = found.difference > 0 === (contest.direction === 'higher-is-better')
    return { ...measured, verdict: gained ? 'better' : 'worse', reason: counts }
  })
  return { judgements, comparisons: corrected.length }
}

/** Why two sets of repeats cannot be compared; undefined where they can. */
function whyNot({ base, other }: Contest, a: Moments, b: Moments): string | undefined {
  if (base.runs.some((run) => other.runs.includes(run))) return 'the same configuration'
  if (a.n === 1 && b.n === 1) return 'one run each'
  if (a.n < 2 || b.n < 2)
    return `${b.n} ${b.n === 1 ? 'run' : 'runs'} against ${a.n}: each needs 2 with different seeds`
  if (a.m2 === 0 && b.m2 === 0) return 'the repeats gave the same value each time, so they show no chance'
  return undefined
}
