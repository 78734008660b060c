import type { ColumnCounts, ColumnProfile, NumericBins } from '../../kernel/tables/profile.ts'

interface Bin {
  label: string
  low: number | null
  high: number | null
  reference: number
  current: number
  referenceCount: number
  currentCount: number
}

/** The bins of a chart: a feature's values in the reference and in a window, as shares of the rows with a value. */
export function distributionBins(reference: ColumnProfile, current: ColumnCounts): Bin[] {
  const counted =
    reference.histogram && current.histogram
      ? numericBins(reference.histogram, current.histogram)
      : (reference.top ?? []).map(({ value, count }, index) =>
          bin(value, null, null, count, current.top?.[index]?.count ?? 0),
        )
  if (!reference.histogram && (reference.other ?? 0) + (current.other ?? 0) > 0)
    counted.push(bin('others', null, null, reference.other ?? 0, current.other ?? 0))
  const total = (key: 'referenceCount' | 'currentCount') =>
    Math.max(
      1,
      counted.reduce((sum, one) => sum + one[key], 0),
    )
  const [before, after] = [total('referenceCount'), total('currentCount')]
  return counted.map((one) => ({ ...one, reference: one.referenceCount / before, current: one.currentCount / after }))
}

function numericBins(reference: NumericBins, current: NumericBins): Bin[] {
  const { edges } = reference
  const [first = 0, last = 0] = [edges[0], edges.at(-1)]
  const inner = reference.counts.map((count, index) => {
    const [low = 0, high = 0] = [edges[index], edges[index + 1]]
    return bin(`${short(low)} to ${short(high)}`, low, high, count, current.counts[index] ?? 0)
  })
  const outside = (label: string, low: number | null, high: number | null, before: number, after: number) =>
    before + after === 0 ? [] : [bin(label, low, high, before, after)]
  return [
    ...outside(`below ${short(first)}`, null, first, reference.under, current.under),
    ...inner,
    ...outside(`above ${short(last)}`, last, null, reference.over, current.over),
  ]
}

function bin(
  label: string,
  low: number | null,
  high: number | null,
  referenceCount: number,
  currentCount: number,
): Bin {
  return { label, low, high, reference: 0, current: 0, referenceCount, currentCount }
}

const short = (value: number): string => String(Number(value.toPrecision(3)))

/** The middle value as far as the bins tell: linear inside the bin that holds it. */
export function medianOf({ bins, min, max }: ColumnCounts): number | null {
  if (!bins || min === null || max === null) return null
  const edges = [min, ...bins.edges, max]
  const counts = [bins.under, ...bins.counts, bins.over]
  const half = counts.reduce((sum, count) => sum + count, 0) / 2
  let below = 0
  for (const [index, count] of counts.entries()) {
    if (count > 0 && below + count >= half) {
      const [low, high] = [Math.max(min, edges[index] as number), Math.min(max, edges[index + 1] as number)]
      return low + ((high - low) * (half - below)) / count
    }
    below += count
  }
  return null
}
