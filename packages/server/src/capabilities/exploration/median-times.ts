import type { IdeaTimes } from '@trivium/contract'

const level = 0.95

/** The median of durations and its 95 % interval from order statistics, which assumes nothing about how they spread; below six there is none. */
export function medianTimes(times: readonly number[]): IdeaTimes {
  const sorted = times.toSorted((a, b) => a - b)
  const n = sorted.length
  if (n === 0) return { n, medianMs: null, lowMs: null, highMs: null }
  const medianMs = ((sorted[(n - 1) >> 1] as number) + (sorted[n >> 1] as number)) / 2
  const rank = lowerRank(n)
  if (rank === 0) return { n, medianMs, lowMs: null, highMs: null }
  return { n, medianMs, lowMs: sorted[rank - 1] as number, highMs: sorted[n - rank] as number }
}

/** The greatest r with which the r-th least and the r-th greatest of n hold the median between them in 95 of 100 samples; 0 where there is none. */
function lowerRank(n: number): number {
  // Sum of the binomial of n tosses below r, in steps, in logarithms: 2 to the n is too large for many.
  let [rank, below, logTerm] = [0, 0, -n * Math.LN2]
  while (rank < n / 2) {
    below += Math.exp(logTerm)
    if (2 * below > 1 - level) return rank
    logTerm += Math.log((n - rank) / (rank + 1))
    rank += 1
  }
  return rank
}
