/** What of a histogram says how its values were spread. */
interface Spread {
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly count: number
  readonly min: number | null
  readonly max: number | null
}

/** Quantiles of what a histogram counted, as if the values of a bin lay evenly in it, between its least and its greatest value; null without values. */
export function histogramQuantiles(
  { edges, counts, count, min, max }: Spread,
  shares: readonly number[],
): (number | null)[] {
  if (count <= 0 || min === null || max === null) return shares.map(() => null)
  return shares.map((share) => {
    let before = 0
    for (const [i, own] of counts.entries()) {
      const wanted = share * count - before
      before += own
      if (own === 0 || before < share * count) continue
      const [left, right] = [edges[i] as number, edges[i + 1] as number]
      return Math.min(max, Math.max(min, left + (right - left) * (wanted / own)))
    }
    return max
  })
}
