import type { DraftSentence, MetricSummary, RunComparison } from '@trivium/contract'
import { spreadOf } from '../tracking/index.ts'
import { joined, quoted } from './draft-words.ts'
import { numberText } from './shared-traits.ts'

type Named = { readonly id: string; readonly name: string }
/** A metric of a comparison of two runs, the parent first. */
export type Compared = RunComparison['metrics'][number]

const most = 6
/** As `judgeRuns` says that two runs are repeats of each other. */
const sameConfiguration = 'the same configuration'

/** The metrics to speak of: those with a direction first. What a machine says of itself is none of them. */
export function spokenOf(metrics: readonly Compared[]): Compared[] {
  return metrics
    .filter(({ key, values }) => !key.startsWith('system/') && values[1])
    .toSorted((a, b) => Number(b.direction !== null) - Number(a.direction !== null))
    .slice(0, most)
}

/** A metric that was computed from checkpoints after the run is not one that it measured, and says so. */
export function recoveredText(metric: Pick<MetricSummary, 'recovered' | 'count'> | null): string {
  if (!metric?.recovered) return ''
  return metric.recovered >= metric.count
    ? ' (recovered from checkpoints)'
    : ` (${metric.recovered} of ${metric.count} points recovered from checkpoints)`
}

/** What a metric of a run came to beside its parent's, with an interval where repeats give one, or why there is none. */
export function metricSentence(metric: Compared, run: Named, parent: Named): DraftSentence {
  const { key, values, direction, repeats, judgements } = metric
  const [before, after] = values as [MetricSummary | null, MetricSummary | null]
  const judgement = judgements[1]
  const name = quoted(key)
  const evidence: DraftSentence['evidence'] = [
    { label: `${key} of ${run.name}`, run: run.id, at: 'metrics' },
    { label: `${run.name} against ${parent.name}`, run: run.id, at: 'comparison' },
  ]
  const say = (text: string): DraftSentence => ({ part: 'happened', text, evidence })
  const last = after?.last ?? null
  if (last === null) return say(`${name} ended as no number.`)
  const ended = `${name} ended at ${numberText(last)}${recoveredText(after)}`
  if (!before || before.last === null) return say(`${ended}; ${quoted(parent.name)} has none.`)
  const [ofParent, own] = repeats
  if (
    judgement &&
    judgement.difference !== null &&
    judgement.low !== null &&
    judgement.high !== null &&
    judgement.p !== null
  )
    return say(
      `${name} is ${meanText(own)} against ${meanText(ofParent)}: ${moreText(judgement.difference)}, 95 % interval ${numberText(judgement.low)} to ${numberText(judgement.high)}, p = ${numberText(judgement.p)} (${judgement.verdict}).`,
    )
  if (judgement?.reason === sameConfiguration)
    return say(`${ended}, ${quoted(parent.name)} at ${numberText(before.last)}: both repeat one configuration.`)
  const difference = last - before.last
  const worth =
    difference === 0 || direction === null
      ? ''
      : difference > 0 === (direction === 'higher-is-better')
        ? ', which is better'
        : ', which is worse'
  return say(
    `${ended}, ${quoted(parent.name)} at ${numberText(before.last)}: ${moreText(difference)}${worth}. There is no interval: ${judgement?.reason ?? 'one run each'}.`,
  )
}

/** What a metric of a group of repeats came to. */
export function groupSentence(key: string, values: readonly number[], run: Named): DraftSentence {
  const { mean, low, high, min, max, n } = spreadOf(values)
  const interval =
    low === null || high === null
      ? 'one value, so there is no interval'
      : `95 % interval of the mean ${numberText(low)} to ${numberText(high)}, from ${numberText(min)} to ${numberText(max)}`
  return {
    part: 'happened',
    text: `${quoted(key)} is ${numberText(mean)} in the mean of ${n} repeats (${interval}).`,
    evidence: [{ label: `${key} of ${run.name}`, run: run.id, at: 'metrics' }],
  }
}

/** What curves show that their ends do not: values that are no numbers, and a best point that was left behind. */
export function curveSentences(
  metrics: readonly MetricSummary[],
  directions: ReadonlyMap<string, string | null>,
  run: Named,
): DraftSentence[] {
  const evidence = (key: string): DraftSentence['evidence'] => [
    { label: `${key} of ${run.name}`, run: run.id, at: 'metrics' },
  ]
  const broken = metrics.filter(({ nanCount }) => nanCount > 0)
  const [first] = broken
  const said: DraftSentence[] = []
  if (first)
    said.push({
      part: 'reason',
      text: `${joined(broken.slice(0, 3).map(({ key, nanCount, count }) => `${quoted(key)} was no number in ${nanCount} of ${count} points`))}: training diverged, or divided by nothing.`,
      evidence: broken.slice(0, 3).flatMap(({ key }) => evidence(key)),
    })
  for (const { key, last, min, max, count } of metrics) {
    const direction = directions.get(key)
    if (!direction || count < 5 || last === null || min === null || max === null || !/val|test|eval|holdout/i.test(key))
      continue
    const best = direction === 'higher-is-better' ? max : min
    if (Math.abs(last - best) <= 0.1 * (max - min)) continue
    said.push({
      part: 'reason',
      text: `${quoted(key)} was ${numberText(best)} at its best and ${numberText(last)} at the end: the run went on past its best point.`,
      evidence: evidence(key),
    })
  }
  return said
}

function meanText(repeats: { n: number; mean: number | null } | undefined): string {
  return `${numberText(repeats?.mean ?? Number.NaN)} (mean of ${repeats?.n ?? 0})`
}

function moreText(difference: number): string {
  if (difference === 0) return 'the same'
  return `${numberText(Math.abs(difference))} ${difference > 0 ? 'more' : 'less'}`
}
