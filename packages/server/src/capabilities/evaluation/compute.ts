import type { EvaluatedMetric, EvaluationCalibrationBin, EvaluationMetricName, MetricEstimate } from '@trivium/contract'
import {
  type Blocks,
  type BootstrapEstimate,
  blockedMetric,
  blocksOf,
  bootstrapMetric,
  calibrationBins,
  compareModels,
  metricDirections,
  type ModelComparison,
  wilsonInterval,
} from '../../kernel/stats/index.ts'

/** Rows by column: day numbers, labels, scores, and for each sliced column the index of its value (-1: none of them). */
export interface ScoredRows {
  readonly days: Int32Array
  readonly labels: Float64Array
  readonly scores: Float64Array
  readonly championScores?: Float64Array
  readonly slices: readonly Int32Array[]
}

/** What to compute over scored rows. */
export interface ComputeTask {
  readonly task: 'binary' | 'regression'
  readonly metrics: readonly EvaluationMetricName[]
  readonly compare: { readonly metric: EvaluationMetricName; readonly margin: number }
  readonly threshold: number
  /** Values of each sliced column. */
  readonly slices: readonly { readonly column: string; readonly values: readonly string[] }[]
}

/** A comparison of one metric with everything that was found, before it is put into words. */
export interface ComputedComparison extends Pick<ModelComparison, 'metric' | 'margin' | 'verdict' | 'acceptable'> {
  readonly candidate: MetricEstimate
  readonly champion: MetricEstimate
  readonly difference: MetricEstimate
}

export interface ComputedSlice {
  readonly value: string
  readonly rows: number
  readonly metrics: EvaluatedMetric[]
  readonly champion: EvaluatedMetric[] | null
}

/** The numbers of an evaluation. */
export interface Computed {
  readonly rows: number
  readonly blocks: number
  readonly metrics: EvaluatedMetric[]
  readonly comparison: ComputedComparison | null
  readonly others: ComputedComparison[]
  readonly slices: { column: string; slices: ComputedSlice[]; otherRows: number }[]
  readonly calibration: EvaluationCalibrationBin[]
  readonly championCalibration: EvaluationCalibrationBin[]
}

/** Few enough for slices, of which there are many. */
const sliceResamples = 500

/** The same rows give the same intervals, whoever computes them and when. Average precision costs a pass over the rows for each resample. */
function bootstrapFor(metric: EvaluationMetricName, rows: number, most: number): { seed: string; resamples: number } {
  const affordable = Math.max(400, Math.floor(40_000_000 / rows))
  return { seed: 'evaluation', resamples: metric === 'average-precision' ? Math.min(most, affordable) : most }
}

/** Computes every number of an evaluation: metrics with intervals blocked by day, the paired comparison, slices and calibration. */
export function compute(rows: ScoredRows, task: ComputeTask): Computed {
  const blocks = blocksOf(rows.days)
  const { labels, scores, championScores } = rows
  const { compare, threshold } = task
  const pairs = championScores
    ? [compare.metric, ...task.metrics.filter((metric) => metric !== compare.metric)].map((metric) => {
        const margin = metric === compare.metric ? compare.margin : 0
        const pair = { metric, actual: labels, candidate: scores, champion: championScores, blocks, margin }
        return plain(compareModels({ ...pair, options: { threshold } }, bootstrapFor(metric, labels.length, 2000)))
      })
    : []
  // A comparison has the candidate's own intervals with it, from the same draws.
  const known = new Map(pairs.map(({ metric, candidate }) => [metric, candidate]))
  return {
    rows: labels.length,
    blocks: blocks.count,
    metrics: task.metrics.flatMap((metric) => {
      const candidate = known.get(metric)
      if (!candidate) return measure(labels, scores, blocks, { metrics: [metric], threshold }, 2000)
      return [{ metric, direction: metricDirections[metric], ...candidate }]
    }),
    comparison: pairs[0] ?? null,
    others: pairs.slice(1),
    slices: task.slices.map(({ column, values }, index) =>
      sliced(rows, task, column, values, rows.slices[index] ?? new Int32Array(0)),
    ),
    calibration: task.task === 'binary' ? calibrated(labels, scores) : [],
    championCalibration: task.task === 'binary' && championScores ? calibrated(labels, championScores) : [],
  }
}

function measure(
  labels: Float64Array,
  scores: Float64Array,
  blocks: Blocks,
  { metrics, threshold }: Pick<ComputeTask, 'metrics' | 'threshold'>,
  resamples: number,
): EvaluatedMetric[] {
  return metrics.map((metric) => {
    const prepared = blockedMetric(metric, { actual: labels, predicted: scores, blocks }, { threshold })
    const found = bootstrapMetric(prepared, bootstrapFor(metric, labels.length, resamples))
    return { metric, direction: metricDirections[metric], ...estimate(found) }
  })
}

/** NaN is no JSON: what is not defined becomes null. */
function estimate({ estimate: value, interval }: Pick<BootstrapEstimate, 'estimate' | 'interval'>): MetricEstimate {
  const number = (x: number): number | null => (Number.isFinite(x) ? x : null)
  return { value: number(value), low: number(interval.low), high: number(interval.high) }
}

function plain({
  metric,
  margin,
  verdict,
  acceptable,
  candidate,
  champion,
  difference,
}: ModelComparison): ComputedComparison {
  return {
    metric,
    margin,
    verdict,
    acceptable,
    candidate: estimate(candidate),
    champion: estimate(champion),
    difference: estimate(difference),
  }
}

function sliced(
  rows: ScoredRows,
  task: ComputeTask,
  column: string,
  values: readonly string[],
  codes: Int32Array,
): Computed['slices'][number] {
  let otherRows = 0
  for (const code of codes) if (code < 0) otherRows += 1
  const slices = values.map((value, wanted): ComputedSlice => {
    const members: number[] = []
    codes.forEach((code, row) => {
      if (code === wanted) members.push(row)
    })
    const pick = (source: Float64Array): Float64Array => Float64Array.from(members, (row) => source[row] as number)
    const labels = pick(rows.labels)
    const blocks = blocksOf(members.map((row) => rows.days[row] as number))
    return {
      value,
      rows: members.length,
      metrics: measure(labels, pick(rows.scores), blocks, task, sliceResamples),
      champion: rows.championScores ? measure(labels, pick(rows.championScores), blocks, task, sliceResamples) : null,
    }
  })
  return { column, slices, otherRows }
}

function calibrated(labels: Float64Array, scores: Float64Array): EvaluationCalibrationBin[] {
  return calibrationBins(labels, scores).map(({ count, meanScore, positiveRate }) => {
    const { low, high } = wilsonInterval(Math.round(positiveRate * count), count)
    return { count, meanScore, positiveRate, low, high }
  })
}
