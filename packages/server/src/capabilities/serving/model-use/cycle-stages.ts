import type { CycleStage, VersionCycle } from '@trivium/contract'
import { incompleteBeta, quantileOfSorted } from '../../../kernel/stats/index.ts'

const parts: Record<CycleStage['stage'], (one: VersionCycle) => [number | null, number | null]> = {
  'registered-approved': (one) => [one.registeredAt, one.approvedAt],
  'asked-approved': (one) => [one.askedAt, one.approvedAt],
  'approved-deployed': (one) => [one.approvedAt, one.deployedAt],
  'registered-deployed': (one) => [one.registeredAt, one.deployedAt],
  'deployed-replaced': (one) => [one.deployedAt, one.replacedAt],
}

/** How long each part of the cycle took, over the versions that went through it. */
export function cycleStages(versions: readonly VersionCycle[]): CycleStage[] {
  return Object.entries(parts).map(([stage, of]) => {
    const took = versions.flatMap((one) => {
      const [from, to] = of(one)
      return from === null || to === null || to < from ? [] : [to - from]
    })
    return { stage: stage as CycleStage['stage'], ...spreadOf(took) }
  })
}

/** Median with its interval, quartiles and the longest. */
export function spreadOf(values: readonly number[]): Omit<CycleStage, 'stage'> {
  const sorted = Float64Array.from(values).sort()
  const n = sorted.length
  if (n === 0) return { n, median: null, low: null, high: null, q1: null, q3: null, longest: null }
  const rank = medianRank(n)
  return {
    n,
    median: quantileOfSorted(sorted, 0.5),
    low: rank === undefined ? null : (sorted[rank - 1] ?? null),
    high: rank === undefined ? null : (sorted[n - rank] ?? null),
    q1: quantileOfSorted(sorted, 0.25),
    q3: quantileOfSorted(sorted, 0.75),
    longest: sorted[n - 1] ?? null,
  }
}

/** The greatest rank r for which the r-th smallest and the r-th greatest of n hold the median with at least 95 %; undefined below six. */
export function medianRank(n: number): number | undefined {
  // P(X ≤ k) of a binomial with one half.
  const below = (k: number): number => incompleteBeta(0.5, n - k, k + 1)
  let rank: number | undefined
  for (let r = 1; r <= n / 2; r += 1) {
    if (below(r - 1) > 0.025) break
    rank = r
  }
  return rank
}
