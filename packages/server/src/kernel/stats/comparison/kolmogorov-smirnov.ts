import { kolmogorovSurvivalOfSize } from '../special/kolmogorov.ts'
import { effectiveSize, type Numbers, requireSameLength, type SampleSizes, type TwoSampleTest } from '../types.ts'
import { exactKolmogorovSmirnov } from './exact-kolmogorov-smirnov.ts'
import { totalOf } from './shares-of.ts'

/** Up to this many lattice points the p-value is exact (a few milliseconds). */
const EXACT_UP_TO = 4_000_000

function largeSample(d: number, n: SampleSizes): number {
  return kolmogorovSurvivalOfSize(d, Math.max(1, Math.round(effectiveSize(n))))
}

/** The largest gap of two empirical distributions in units of 1/(n·m), from sorted samples. */
function largestGap(x: Float64Array, y: Float64Array): number {
  const n = x.length
  const m = y.length
  let i = 0
  let j = 0
  let largest = 0
  while (i < n && j < m) {
    const a = x[i] as number
    const b = y[j] as number
    const at = a < b ? a : b
    while (i < n && x[i] === at) i++
    while (j < m && y[j] === at) j++
    const gap = Math.abs(i * m - j * n)
    if (gap > largest) largest = gap
  }
  return largest
}

/**
 * Two-sample Kolmogorov–Smirnov test from raw values (finite numbers, any order; neither is changed).
 * The p-value counts lattice paths while n·m ≤ 4,000,000 and beyond it uses the large-sample form with
 * round(nm/(n+m)) rows. With ties it errs to the safe side.
 */
export function kolmogorovSmirnovTest(
  reference: Numbers,
  current: Numbers,
  { exactUpTo = EXACT_UP_TO }: { exactUpTo?: number } = {},
): TwoSampleTest {
  const n = { reference: reference.length, current: current.length }
  if (n.reference === 0 || n.current === 0) return { effect: Number.NaN, statistic: Number.NaN, pValue: 1, n }
  const gap = largestGap(Float64Array.from(reference).sort(), Float64Array.from(current).sort())
  const size = n.reference * n.current
  const d = gap / size
  const pValue = size <= exactUpTo ? exactKolmogorovSmirnov(gap, n.reference, n.current) : largeSample(d, n)
  return { effect: d, statistic: d, pValue, n }
}

/**
 * Kolmogorov–Smirnov test from the counts of two samples over the same ordered bins. The distance is read at the bin
 * edges only, so it never exceeds the true one and the p-value never falls below it: with bins at the reference's
 * quantiles the loss is at most one bin's share. `rankError` (the sum of both sketches' rank errors) is taken off first.
 */
export function kolmogorovSmirnovBinned(
  reference: Numbers,
  current: Numbers,
  { rankError = 0 }: { rankError?: number } = {},
): TwoSampleTest {
  requireSameLength(reference, current, 'Binned samples')
  const n = { reference: totalOf(reference), current: totalOf(current) }
  if (n.reference === 0 || n.current === 0) return { effect: Number.NaN, statistic: Number.NaN, pValue: 1, n }
  let below = 0
  let belowCurrent = 0
  let largest = 0
  for (let i = 0; i < reference.length - 1; i++) {
    below += reference[i] as number
    belowCurrent += current[i] as number
    largest = Math.max(largest, Math.abs(below / n.reference - belowCurrent / n.current))
  }
  const d = Math.max(0, largest - rankError)
  return { effect: largest, statistic: d, pValue: largeSample(d, n), n }
}

/** Quantiles of a sample, as a profile or a sketch stores them: `values` at rising `probabilities` from 0 to 1. */
export interface QuantileSummary {
  readonly probabilities: Numbers
  readonly values: Numbers
  readonly n: number
  /** The sketch's bound on rank error, such as 0.0133 for KLL of 200; 0 unless told. */
  readonly rankError?: number
}

/** The share at or below x, linear between stored quantiles. */
function shareBelow({ probabilities, values }: QuantileSummary, x: number): number {
  const last = values.length - 1
  if (x < (values[0] as number)) return 0
  if (x >= (values[last] as number)) return 1
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) <= x) low = middle
    else high = middle
  }
  const from = values[low] as number
  const to = values[high] as number
  const start = probabilities[low] as number
  return start + (((probabilities[high] as number) - start) * (x - from)) / (to - from)
}

/** Kolmogorov–Smirnov test from two lists of quantiles; both rank errors are taken off the distance before testing. */
export function kolmogorovSmirnovQuantiles(reference: QuantileSummary, current: QuantileSummary): TwoSampleTest {
  let largest = 0
  for (const { values } of [reference, current]) {
    for (let i = 0; i < values.length; i++) {
      const x = values[i] as number
      largest = Math.max(largest, Math.abs(shareBelow(reference, x) - shareBelow(current, x)))
    }
  }
  const n = { reference: reference.n, current: current.n }
  const d = Math.max(0, largest - (reference.rankError ?? 0) - (current.rankError ?? 0))
  return { effect: largest, statistic: d, pValue: largeSample(d, n), n }
}

/**
 * A lower bound on the true distance at confidence 1 − alpha (Dvoretzky–Kiefer–Wolfowitz, alpha/2 for each sample):
 * an observed D is surely above a floor only when this is.
 */
export function kolmogorovSmirnovLowerBound(d: number, n: SampleSizes, alpha = 0.05): number {
  const spread = Math.sqrt(Math.log(4 / alpha) / 2) * (1 / Math.sqrt(n.reference) + 1 / Math.sqrt(n.current))
  return Math.max(0, d - spread)
}
