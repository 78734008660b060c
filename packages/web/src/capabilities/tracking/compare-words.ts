import type { RunComparison } from '@trivium/contract'
import { formatPlural } from '../../ui/format-number.ts'

const and = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`

/** What a comparison shows in one or two sentences: which runs are better on what, or why nobody can say. */
export function compareWords({ runs, metrics, repeats, comparisons }: RunComparison): {
  readonly claim: string
  readonly rest: string
} {
  const [base] = runs
  if (metrics.length === 0 || !base)
    return { claim: 'None of these runs has a metric.', rest: 'What differs between them is below.' }
  if (comparisons === 0) {
    const single = repeats.every((some) => some.length < 2)
    return {
      claim: single
        ? `${runs.length === 2 ? 'One run each' : 'One run of each'}: whether a difference is more than chance cannot be said.`
        : 'Too few repeats: whether a difference is more than chance cannot be said.',
      rest: 'Repeat each configuration with two or more seeds, logged as the parameter seed; repeats are found by themselves.',
    }
  }
  const sentences = runs.slice(1).map((run, at) => {
    const on = (verdict: string) =>
      metrics.filter((metric) => metric.judgements[at + 1]?.verdict === verdict).map((metric) => metric.key)
    const [better, worse, unclear] = [on('better'), on('worse'), on('no clear change')]
    const parts = [
      ...(better.length > 0 ? [`is better than ${base.name} on ${and(better)}`] : []),
      ...(worse.length > 0 ? [`is worse ${better.length > 0 ? '' : `than ${base.name} `}on ${and(worse)}`] : []),
    ]
    if (parts.length > 0) return `${run.name} ${and(parts)}`
    return unclear.length > 0
      ? `${run.name} shows no clear change from ${base.name}`
      : `${run.name} cannot be judged against ${base.name} yet`
  })
  return {
    claim: `${sentences.join('; ')}.`,
    rest: `Means of repeats with different seeds, 95 % intervals (Welch)${comparisons > 1 ? `; p is corrected for ${formatPlural(comparisons, 'comparison')} (Holm)` : ''}.`,
  }
}
