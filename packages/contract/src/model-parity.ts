import { type Static, Type } from 'typebox'
import { EntityName, Evidence, Millis, Problem, ProjectName } from './common.ts'
import { ModelName, ModelVersionNumber } from './registry.ts'
import { route } from './route.ts'

const Output = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])

/** How far a converted model may be from its original: |converted − original| ≤ absolute + relative · |original|; texts are equal or not. */
export const ParityTolerance = Type.Object(
  {
    absolute: Type.Number({ minimum: 0, default: 1e-5 }),
    relative: Type.Number({ minimum: 0, default: 1e-4 }),
    /** Share of the rows that may be beyond it. */
    share: Type.Number({ minimum: 0, maximum: 1, default: 0 }),
  },
  { additionalProperties: false },
)
export type ParityTolerance = Static<typeof ParityTolerance>

/** Data of Evidence of kind `parity`: a converted model beside its original on the same recorded inputs. */
export const ParityData = Type.Object({
  converted: Type.String({ description: 'URN' }),
  /** URN of the original's version; null where its outputs were recorded. */
  original: Type.Union([Type.String(), Type.Null()]),
  /** How the original's outputs were come by. */
  ran: Type.Union([Type.Literal('onnx'), Type.Literal('python'), Type.Literal('recorded')]),
  source: Type.Object({
    kind: Type.Union([Type.Literal('dataset'), Type.Literal('predictions')]),
    /** URN of the dataset version or of the deployment. */
    urn: Type.String(),
  }),
  /** Rows compared, and how many there are; of more rows these are evenly spaced ones. */
  rows: Type.Integer(),
  of: Type.Integer(),
  tolerance: ParityTolerance,
  /** Rows with a value beyond the tolerance, the share, and its 95 % interval by Wilson. */
  beyond: Type.Integer(),
  share: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
  columns: Type.Array(
    Type.Object({
      converted: Type.String(),
      original: Type.String(),
      beyond: Type.Integer(),
      /** Null where nothing is a number. */
      largestAbsolute: Type.Union([Type.Number(), Type.Null()]),
      largestRelative: Type.Union([Type.Number(), Type.Null()]),
      meanAbsolute: Type.Union([Type.Number(), Type.Null()]),
    }),
  ),
  /** Rows that differ most, by their number in the source from 0, without their inputs. */
  worst: Type.Array(
    Type.Object({
      row: Type.Integer(),
      column: Type.String(),
      original: Output,
      converted: Output,
      beyond: Type.Boolean(),
    }),
  ),
})
export type ParityData = Static<typeof ParityData>

/** Compares a version with its original and keeps what was found as evidence of kind `parity`. A Python original is run in the environment of the pipeline that registered it, kept in like a step; that needs `code:execute`. */
export const testModelParity = route({
  method: 'POST',
  url: '/api/v1/projects/:project/models/:model/versions/:version/parity',
  permission: 'model:write',
  load: 'heavy',
  schema: {
    operationId: 'testModelParity',
    summary:
      'Runs a converted version and its original on recorded inputs and compares every output within a tolerance. What is beyond it keeps the version from being deployed unless a person approves it.',
    params: Type.Object({ project: ProjectName, model: ModelName, version: ModelVersionNumber }),
    body: Type.Object(
      {
        original: Type.Optional(
          Type.String({ minLength: 3, maxLength: 500, description: 'MODEL/VERSION or MODEL@ALIAS.' }),
        ),
        recorded: Type.Optional(
          Type.Record(Type.String(), Type.String(), {
            description: 'Output of the converted model → column of the data that holds what the original gave.',
          }),
        ),
        outputs: Type.Optional(
          Type.Record(Type.String(), Type.String(), {
            description: 'Output of the converted model → output of the original, where their names differ.',
          }),
        ),
        dataset: Type.Optional(
          Type.Object(
            { name: EntityName, version: Type.Optional(Type.Integer({ minimum: 1 })) },
            { additionalProperties: false },
          ),
        ),
        predictions: Type.Optional(
          Type.Object(
            { deployment: EntityName, from: Type.Optional(Millis), to: Type.Optional(Millis) },
            { additionalProperties: false },
          ),
        ),
        features: Type.Optional(
          Type.Array(Type.String(), {
            description: 'Columns of a single wide input, in order, where no signature names them.',
          }),
        ),
        method: Type.Optional(
          Type.Union([Type.Literal('predict'), Type.Literal('predict_proba'), Type.Literal('decision_function')], {
            default: 'predict',
            description: 'What is called of a Python original.',
          }),
        ),
        rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 10_000 })),
        tolerance: Type.Optional(Type.Partial(ParityTolerance)),
      },
      { additionalProperties: false },
    ),
    response: { 200: Evidence, 400: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem },
  },
})
