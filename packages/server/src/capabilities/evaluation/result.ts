import type {
  DatasetVersion,
  Evaluation,
  EvaluatedModel,
  EvaluationComparison,
  TrainingPredictions,
} from '@trivium/contract'
import type { Computed, ComputeTask } from './compute.ts'
import { describeComparison, describeFirst } from './describe-comparison.ts'
import type { PreparedRows } from './prepare-rows.ts'
import type { EvaluationSettings } from './settings.ts'

/** What an evaluation found: all of it that does not depend on who asked and when. Its digest names it. */
export type EvaluationResult = Omit<
  Evaluation,
  | 'id'
  | 'urn'
  | 'digest'
  | 'testSetReuse'
  | 'pipelineRun'
  | 'step'
  | 'asOf'
  | 'createdAt'
  | 'createdBy'
  | 'createdByName'
>

/** Puts the numbers together with what they are about. */
export function resultOf(
  found: Computed,
  about: {
    version: DatasetVersion
    settings: EvaluationSettings
    timeColumn: string
    prepared: PreparedRows
    task: ComputeTask
    candidate: EvaluatedModel
    champion: EvaluatedModel | undefined
    trained: TrainingPredictions | null
  },
): EvaluationResult {
  const { version, settings, prepared, task, candidate, champion } = about
  return {
    task: task.task,
    model: candidate,
    champion: champion ?? null,
    dataset: { urn: version.urn, name: version.name, version: version.version, digest: version.digest },
    label: settings.label,
    where: settings.where ?? null,
    timeColumn: about.timeColumn,
    rows: found.rows,
    unlabelled: prepared.unlabelled,
    blocks: found.blocks,
    from: prepared.from,
    to: prepared.to,
    metrics: found.metrics,
    comparison: comparisonOf(found, task, champion?.name),
    slices: found.slices,
    calibration: found.calibration,
    championCalibration: found.championCalibration,
    trainingPredictions: about.trained,
  }
}

/** The comparison in words; without a champion the finding that there is nothing to compare with. */
export function comparisonOf(
  found: Computed,
  { compare, metrics }: ComputeTask,
  champion: string | undefined,
): EvaluationComparison | null {
  const { rows, blocks, comparison } = found
  const main = found.metrics.find(({ metric }) => metric === compare.metric) ?? found.metrics[0]
  if (!main || metrics.length === 0) return null
  const { metric, direction, value, low, high } = main
  const shared = { metric, direction, margin: compare.margin, rows, blocks }
  if (!comparison || champion === undefined)
    return {
      ...shared,
      candidate: { value, low, high },
      champion: null,
      difference: null,
      verdict: 'first model',
      acceptable: true,
      summary: describeFirst(main, found),
      others: [],
    }
  const directions = new Map(found.metrics.map((one) => [one.metric, one.direction]))
  return {
    ...shared,
    candidate: comparison.candidate,
    champion: comparison.champion,
    difference: comparison.difference,
    verdict: comparison.verdict,
    acceptable: comparison.acceptable,
    summary: describeComparison(
      comparison,
      found,
      champion === 'champion' ? 'the champion' : `the champion ${champion}`,
    ),
    others: found.others.map((other) => ({
      metric: other.metric,
      direction: directions.get(other.metric) ?? direction,
      candidate: other.candidate,
      champion: other.champion,
      difference: other.difference,
    })),
  }
}
