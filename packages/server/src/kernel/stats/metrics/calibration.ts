import { quantileOfSorted } from '../histogram/quantile-edges.ts'
import type { Numbers } from '../types.ts'
import { requireBinary } from './require-binary.ts'

/** How scores are cut into bins: the same number of rows in each, or the same width. */
export interface CalibrationOptions {
  /** 10 unless told. */
  readonly bins?: number
  /** `equal-mass` unless told; equal scores are never split, so such bins may be fewer and uneven. */
  readonly strategy?: 'equal-mass' | 'equal-width'
}

/** One bin of a calibration curve: what was promised on average and what came. */
export interface CalibrationBin {
  readonly count: number
  readonly meanScore: number
  readonly positiveRate: number
}

/** The inner edges of the bins; a score belongs to the bin after all edges below it. */
export function calibrationEdges(
  scores: Numbers,
  { bins = 10, strategy = 'equal-mass' }: CalibrationOptions = {},
): Float64Array {
  const inner = Array.from({ length: bins - 1 }, (_, i) => (i + 1) / bins)
  if (strategy === 'equal-width') return Float64Array.from(inner)
  const sorted = Float64Array.from(scores).sort()
  return Float64Array.from(inner, (share) => quantileOfSorted(sorted, share))
}

/** The number of edges strictly below a score. */
export function calibrationBinOf(edges: Float64Array, score: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] as number) < score) low = middle + 1
    else high = middle
  }
  return low
}

/** The calibration curve: bins of rising score that hold rows, each with its mean score and its share of positives. */
export function calibrationBins(labels: Numbers, scores: Numbers, options: CalibrationOptions = {}): CalibrationBin[] {
  requireBinary(labels, scores)
  const edges = calibrationEdges(scores, options)
  const counts = new Float64Array(edges.length + 1)
  const scoreSums = new Float64Array(edges.length + 1)
  const positives = new Float64Array(edges.length + 1)
  for (let i = 0; i < labels.length; i++) {
    const score = scores[i] as number
    const bin = calibrationBinOf(edges, score)
    counts[bin] = (counts[bin] as number) + 1
    scoreSums[bin] = (scoreSums[bin] as number) + score
    positives[bin] = (positives[bin] as number) + (labels[i] as number)
  }
  const bins: CalibrationBin[] = []
  counts.forEach((count, bin) => {
    if (count === 0) return
    const meanScore = (scoreSums[bin] as number) / count
    bins.push({ count, meanScore, positiveRate: (positives[bin] as number) / count })
  })
  return bins
}

/** Expected calibration error: the mean gap between promised and observed rate over the bins, weighted by their rows. */
export function expectedCalibrationError(labels: Numbers, scores: Numbers, options: CalibrationOptions = {}): number {
  let sum = 0
  for (const { count, meanScore, positiveRate } of calibrationBins(labels, scores, options)) {
    sum += count * Math.abs(meanScore - positiveRate)
  }
  return sum / labels.length
}
