import { type Static, Type } from 'typebox'
import { Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { RunId } from './tracking.ts'

const RunParams = Type.Object({ project: ProjectName, run: RunId })
const Step = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
const Value = Type.Union([Type.Number(), Type.Literal('NaN'), Type.Literal('Infinity'), Type.Literal('-Infinity')])

/** What a run kept of its model at a step. */
export const Checkpoint = Type.Object({
  step: Type.Integer(),
  /** `artifact`: a file or folder of the run; `logged-model`: a model that the run logged at the step. */
  kind: Type.Union([Type.Literal('artifact'), Type.Literal('logged-model')]),
  name: Type.String({ description: 'Path below the artifacts of the run, or the name of the logged model.' }),
  /** Where MLflow's client downloads it from: `runs:/RUN/PATH` or `models:/ID`. */
  uri: Type.String(),
  files: Type.Integer(),
  bytes: Type.Integer(),
})
export type Checkpoint = Static<typeof Checkpoint>

/** Points of a metric that were computed from checkpoints after they had been forgotten. */
export const RecoveredPoint = Type.Object({
  key: Type.String(),
  step: Type.Integer(),
  checkpoint: Type.String({ description: 'URI of the checkpoint that it was computed from.' }),
  at: Type.Integer({ description: 'When it was recovered, milliseconds UTC.' }),
  by: Type.String({ description: 'Id of whoever recovered it.' }),
  byName: Type.String(),
})
export type RecoveredPoint = Static<typeof RecoveredPoint>

/**
 * The step is in the name of what lies directly in the folder: `epoch=3-step=1200.ckpt`, `checkpoint-1000`, `weights.05-0.12.keras`, `epoch_4`. `step` counts before
 * `checkpoint`, which counts before `epoch`. What has no number in its name is in `unnumbered`. The other checkpoints are the models that the run logged with a step.
 */
export const listCheckpoints = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/checkpoints',
  permission: 'run:read',
  schema: {
    operationId: 'listCheckpoints',
    summary: 'Lists the checkpoints of a run, by step.',
    params: RunParams,
    query: Type.Object({ path: Type.Optional(Type.String({ maxLength: 1000, default: 'checkpoints' })) }),
    response: {
      200: Type.Object({
        checkpoints: Type.Array(Checkpoint),
        unnumbered: Type.Array(Type.String({ description: 'Path of what has no step in its name.' })),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

/**
 * Adds points to metrics of a run that were computed afterwards from one of its checkpoints, at the step of the checkpoint, and remembers that they were. 409 where a
 * metric was measured at that step while the run ran, or was recovered with another value; the same values again change nothing.
 */
export const recoverPoints = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/recovered-points',
  permission: 'run:write',
  load: 'log',
  schema: {
    operationId: 'recoverPoints',
    summary: 'Adds points of metrics that were computed from a checkpoint of a run, and says so of them.',
    params: RunParams,
    body: Type.Object(
      {
        checkpoint: Type.String({ minLength: 1, maxLength: 2000, description: '`uri` of one of its checkpoints.' }),
        step: Step,
        points: Type.Array(
          Type.Object(
            {
              key: Type.String({ minLength: 1, maxLength: 250, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
              value: Value,
            },
            { additionalProperties: false },
          ),
          { minItems: 1, maxItems: 1000 },
        ),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ added: Type.Integer({ description: 'How many were not there.' }) }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
      429: Problem,
    },
  },
})

export const listRecoveredPoints = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/recovered-points',
  permission: 'run:read',
  schema: {
    operationId: 'listRecoveredPoints',
    summary: 'Lists the points of metrics of a run that were recovered from its checkpoints.',
    params: RunParams,
    query: Type.Object({ key: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })) }),
    response: { 200: Type.Object({ points: Type.Array(RecoveredPoint) }), 403: Problem, 404: Problem },
  },
})
