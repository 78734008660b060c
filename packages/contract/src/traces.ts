import { type Static, Type } from 'typebox'
import { EntityName, Json, Millis, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunId } from './tracking.ts'

/** A trace's id: `tr-` and 32 hex characters, as MLflow makes them. */
export const TraceId = Type.String({
  pattern: '^[a-zA-Z0-9][\\w.:-]{0,255}$',
  description: 'Id of a trace: tr- and 32 hex characters.',
})
export const TraceState = Type.Union([
  Type.Literal('OK'),
  Type.Literal('ERROR'),
  Type.Literal('IN_PROGRESS'),
  Type.Literal('STATE_UNSPECIFIED'),
])
export type TraceState = Static<typeof TraceState>

const Tags = Type.Record(Type.String(), Type.String())
const TextOrNull = Type.Union([Type.String(), Type.Null()])

/** What a person or a program says of a trace or one of its spans: how good it was, or what it should have been. */
export const TraceAssessment = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('feedback'), Type.Literal('expectation')]),
  value: Json,
  error: TextOrNull,
  sourceType: Type.String({ description: 'HUMAN, CODE or LLM_JUDGE.' }),
  source: Type.String(),
  spanId: TextOrNull,
  rationale: TextOrNull,
  metadata: Tags,
  overrides: TextOrNull,
  valid: Type.Boolean({ description: 'False where another one overrides it.' }),
  createdAt: Type.Integer(),
  updatedAt: Type.Integer(),
})
export type TraceAssessment = Static<typeof TraceAssessment>

/** A trace in a list: one answer of a program, step by step in its spans. */
export const TraceRow = Type.Object({
  id: Type.String(),
  name: Type.String({ description: 'The tag mlflow.traceName, or the name of the first span.' }),
  experimentId: Type.String(),
  state: TraceState,
  startedAt: Type.Integer(),
  durationMs: Type.Union([Type.Integer(), Type.Null()]),
  run: TextOrNull,
  clientRequestId: TextOrNull,
  request: TextOrNull,
  response: TextOrNull,
  tags: Tags,
  metadata: Tags,
  assessments: Type.Array(TraceAssessment),
})
export type TraceRow = Static<typeof TraceRow>

/** One step of a trace. Times are microseconds UTC. */
export const TraceSpan = Type.Object({
  id: Type.String(),
  parent: TextOrNull,
  name: Type.String(),
  type: Type.String(),
  status: Type.Union([Type.Literal('OK'), Type.Literal('ERROR'), Type.Literal('UNSET')]),
  message: TextOrNull,
  startUs: Type.Integer(),
  endUs: Type.Union([Type.Integer(), Type.Null()]),
  inputs: Json,
  outputs: Json,
  attributes: Type.Record(Type.String(), Type.Unknown()),
  events: Type.Array(
    Type.Object({ name: Type.String(), atUs: Type.Integer(), attributes: Type.Record(Type.String(), Type.Unknown()) }),
  ),
})
export type TraceSpan = Static<typeof TraceSpan>

export const TraceDetail = Type.Object({ trace: TraceRow, spans: Type.Array(TraceSpan) })
export type TraceDetail = Static<typeof TraceDetail>

/**
 * Searches traces. `filter` is MLflow's grammar with `or`, `not` and parentheses: `status = 'ERROR' and (span.name = 'retrieve' or feedback.good = 'false')`;
 * `order_by` is a comma-separated list such as `execution_time_ms desc`. The newest come first.
 */
export const searchTraces = route({
  method: 'GET',
  url: '/api/v1/projects/:project/traces',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'searchTraces',
    summary: 'Searches the traces of a project, an experiment, a run or a deployment.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      experiment: Type.Optional(ExperimentId),
      run: Type.Optional(RunId),
      deployment: Type.Optional(EntityName),
      filter: Type.Optional(Type.String({ maxLength: 4000 })),
      order_by: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
    response: {
      200: Type.Object({ traces: Type.Array(TraceRow), nextPageToken: TextOrNull }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getTrace = route({
  method: 'GET',
  url: '/api/v1/projects/:project/traces/:trace',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getTrace',
    summary: 'Reads a trace with its spans, what was asked and answered in each, and what was said of it.',
    params: Type.Object({ project: ProjectName, trace: TraceId }),
    response: { 200: TraceDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const deleteTraces = route({
  method: 'POST',
  url: '/api/v1/projects/:project/experiments/:experiment/traces/delete',
  permission: 'run:write',
  schema: {
    operationId: 'deleteTraces',
    summary: 'Removes traces of an experiment for ever: the named ones, or those that began at or before a time.',
    params: Type.Object({ project: ProjectName, experiment: ExperimentId }),
    body: Type.Object(
      {
        traces: Type.Optional(Type.Array(TraceId, { minItems: 1, maxItems: 1000 })),
        until: Type.Optional(Millis),
      },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ deleted: Type.Integer() }), 400: Problem, 403: Problem, 404: Problem },
  },
})
