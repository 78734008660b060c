import { type Static, Type } from 'typebox'
import { Digest, EntityName, JsonObject, Millis, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { ColumnProfile } from './datasets.ts'
import { route } from './route.ts'

const NullableNumber = Type.Union([Type.Number(), Type.Null()])
const NullableText = Type.Union([Type.String(), Type.Null()])

/** Every metric that is computed, compared and given an interval. */
export const EvaluationMetricName = Type.Union([
  Type.Literal('roc-auc'),
  Type.Literal('average-precision'),
  Type.Literal('log-loss'),
  Type.Literal('brier-score'),
  Type.Literal('accuracy'),
  Type.Literal('precision'),
  Type.Literal('recall'),
  Type.Literal('f1'),
  Type.Literal('expected-calibration-error'),
  Type.Literal('mean-absolute-error'),
  Type.Literal('root-mean-squared-error'),
  Type.Literal('r-squared'),
])
export type EvaluationMetricName = Static<typeof EvaluationMetricName>

export const MetricDirection = Type.Union([Type.Literal('higher-is-better'), Type.Literal('lower-is-better')])
export type MetricDirection = Static<typeof MetricDirection>

/** A number with its 95 % interval. `value` is null where the metric is not defined, `low` and `high` where too few days stand behind it. */
export const MetricEstimate = Type.Object({ value: NullableNumber, low: NullableNumber, high: NullableNumber })
export type MetricEstimate = Static<typeof MetricEstimate>

/** A metric of a model on some rows. */
export const EvaluatedMetric = Type.Object({
  metric: EvaluationMetricName,
  direction: MetricDirection,
  ...MetricEstimate.properties,
})
export type EvaluatedMetric = Static<typeof EvaluatedMetric>

/** What candidate − champion shows. `first model`: there is no champion to compare with. */
export const ComparisonVerdict = Type.Union([
  Type.Literal('better'),
  Type.Literal('worse'),
  Type.Literal('no clear change'),
  Type.Literal('cannot judge yet'),
  Type.Literal('first model'),
])
export type ComparisonVerdict = Static<typeof ComparisonVerdict>

/** Candidate against champion on the same rows; the difference is row-paired. This is the data of Evidence of kind `comparison`. */
export const ComparisonData = Type.Object({
  metric: EvaluationMetricName,
  direction: MetricDirection,
  candidate: MetricEstimate,
  champion: Type.Union([MetricEstimate, Type.Null()]),
  /** Candidate − champion; null without a champion. */
  difference: Type.Union([MetricEstimate, Type.Null()]),
  /** The loss that is still acceptable, in the metric's unit. */
  margin: Type.Number(),
  verdict: ComparisonVerdict,
  /** True when a loss beyond the margin is ruled out, or when there is nothing to compare with. */
  acceptable: Type.Boolean(),
  rows: Type.Integer(),
  /** Independent blocks (days) behind the interval. */
  blocks: Type.Integer(),
})
export type ComparisonData = Static<typeof ComparisonData>

/** A comparison with what was compared, and its finding in one sentence. */
export const EvaluationComparison = Type.Object({
  ...ComparisonData.properties,
  summary: Type.String(),
  /** The difference in every other metric that was computed, for information. */
  others: Type.Array(
    Type.Object({
      metric: EvaluationMetricName,
      direction: MetricDirection,
      candidate: MetricEstimate,
      champion: MetricEstimate,
      difference: MetricEstimate,
    }),
  ),
})
export type EvaluationComparison = Static<typeof EvaluationComparison>

/** The rows where a column has one value. The champion's numbers are on the same rows. */
export const EvaluationSlice = Type.Object({
  value: Type.String(),
  rows: Type.Integer(),
  metrics: Type.Array(EvaluatedMetric),
  champion: Type.Union([Type.Array(EvaluatedMetric), Type.Null()]),
})
export type EvaluationSlice = Static<typeof EvaluationSlice>

/** What was promised on average and what came, with its interval, in one bin of rising score. */
export const EvaluationCalibrationBin = Type.Object({
  count: Type.Integer(),
  meanScore: Type.Number(),
  positiveRate: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
})
export type EvaluationCalibrationBin = Static<typeof EvaluationCalibrationBin>

/** A model as an evaluation saw it: the file by digest, and what it was in Trivium then. */
export const EvaluatedModel = Type.Object({
  /** URN of the model version or run that it came from; null for a bare file of a step. */
  urn: NullableText,
  name: Type.String(),
  /** SHA-256 of the ONNX file. */
  digest: Digest,
  /** Which output was scored, such as `probabilities[1]`. */
  output: Type.String(),
  features: Type.Array(Type.String()),
  /** Dataset version that it was trained on, where that is known. */
  trainedOn: NullableText,
})
export type EvaluatedModel = Static<typeof EvaluatedModel>

/** What a model says about rows that it was trained on: what its predictions in life are compared with. */
export const TrainingPredictions = Type.Object({
  /** Dataset version that it was trained on. */
  dataset: Type.String(),
  /** Column of the output, as the prediction log calls it without `output.`. */
  output: Type.String(),
  /** Rows of it that were scored, evenly over the whole. */
  rows: Type.Integer(),
  profile: ColumnProfile,
  slices: Type.Array(
    Type.Object({
      column: Type.String(),
      value: Type.String(),
      rows: Type.Integer(),
      mean: Type.Union([Type.Number(), Type.Null()]),
      /** Counts in the bins of `profile`: under, each bin, over. */
      counts: Type.Array(Type.Integer()),
    }),
  ),
})
export type TrainingPredictions = Static<typeof TrainingPredictions>

const summaryFields = {
  id: Type.String({ description: 'evl_…' }),
  urn: Type.String(),
  /** SHA-256 of the result: the same models on the same rows with the same settings have the same digest. */
  digest: Digest,
  task: Type.Union([Type.Literal('binary'), Type.Literal('regression')]),
  model: EvaluatedModel,
  champion: Type.Union([EvaluatedModel, Type.Null()]),
  dataset: Type.Object({ urn: Type.String(), name: Type.String(), version: Type.Integer(), digest: Digest }),
  label: Type.String(),
  /** SQL filter on the dataset's rows; null is all of them. */
  where: NullableText,
  /** Column whose days are the blocks of the intervals. */
  timeColumn: Type.String(),
  rows: Type.Integer(),
  /** Rows left out because they had no label. */
  unlabelled: Type.Integer(),
  blocks: Type.Integer(),
  /** Oldest and newest event time among the rows. */
  from: Millis,
  to: Millis,
  metrics: Type.Array(EvaluatedMetric),
  comparison: Type.Union([EvaluationComparison, Type.Null()]),
  /** How many models these very rows had judged with this one, and a sentence once that makes the best of them look better than it is. */
  testSetReuse: Type.Object({ models: Type.Integer(), warning: NullableText }),
  /** URN of the pipeline run and name of the step that asked for it. */
  pipelineRun: NullableText,
  step: NullableText,
  /** Event time that it stands at. */
  asOf: Millis,
  createdAt: Millis,
  createdBy: Type.String(),
  createdByName: Type.String(),
}

/** An evaluation as lists show it. */
export const EvaluationSummary = Type.Object(summaryFields)
export type EvaluationSummary = Static<typeof EvaluationSummary>

/** A model scored on a named dataset version: never changed. */
export const Evaluation = Type.Object({
  ...summaryFields,
  slices: Type.Array(
    Type.Object({
      column: Type.String(),
      slices: Type.Array(EvaluationSlice),
      /** Rows with a value that is not among the slices. */
      otherRows: Type.Integer(),
    }),
  ),
  /** Empty for regression. */
  calibration: Type.Array(EvaluationCalibrationBin),
  championCalibration: Type.Array(EvaluationCalibrationBin),
  /** Null where the training data are unknown, or lack what the evaluated rows have. */
  trainingPredictions: Type.Optional(Type.Union([TrainingPredictions, Type.Null()])),
})
export type Evaluation = Static<typeof Evaluation>

/** Data of Evidence of kind `evaluation`. */
export const EvaluationEvidenceData = Type.Object({
  evaluation: Type.String({ description: 'URN' }),
  dataset: Type.String(),
  metrics: Type.Array(EvaluatedMetric),
  rows: Type.Integer(),
  unlabelled: Type.Integer(),
  blocks: Type.Integer(),
  from: Millis,
  to: Millis,
  settings: JsonObject,
})
export type EvaluationEvidenceData = Static<typeof EvaluationEvidenceData>

const EvaluationParams = Type.Object({
  project: ProjectName,
  evaluation: Type.String({ pattern: '^evl_[0-9a-z]+$', maxLength: 64 }),
})

export const listEvaluations = route({
  method: 'GET',
  url: '/api/v1/projects/:project/evaluations',
  permission: 'evaluation:read',
  schema: {
    operationId: 'listEvaluations',
    summary:
      'Lists evaluations, newest first: all, those on a dataset, or those that saw a model as candidate or champion.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      dataset: Type.Optional(EntityName),
      model: Type.Optional(
        Type.String({ maxLength: 1000, description: 'URN of a model version, or SHA-256 of a model file.' }),
      ),
    }),
    response: {
      200: Type.Object({
        evaluations: Type.Array(EvaluationSummary),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getEvaluation = route({
  method: 'GET',
  url: '/api/v1/projects/:project/evaluations/:evaluation',
  permission: 'evaluation:read',
  schema: {
    operationId: 'getEvaluation',
    summary: 'Reads an evaluation with slices and calibration.',
    params: EvaluationParams,
    response: { 200: Evaluation, 403: Problem, 404: Problem },
  },
})

export const compareEvaluations = route({
  method: 'GET',
  url: '/api/v1/projects/:project/evaluations/:evaluation/comparison',
  permission: 'evaluation:read',
  schema: {
    operationId: 'compareEvaluations',
    summary:
      'Compares the models of two evaluations row by row. Both must stand on the same rows: the same dataset version, filter and label.',
    params: EvaluationParams,
    query: Type.Object({
      with: Type.String({ pattern: '^evl_[0-9a-z]+$', maxLength: 64, description: 'The evaluation to compare with.' }),
      metric: Type.Optional(EvaluationMetricName),
      margin: Type.Optional(Type.Number({ minimum: 0, default: 0 })),
    }),
    response: { 200: EvaluationComparison, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
