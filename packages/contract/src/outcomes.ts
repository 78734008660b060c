import { type Static, Type } from 'typebox'
import { EntityName, Millis, PageQuery, Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { Scalar } from './serving.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** What was observed: a number, yes or no, or the name of a class. */
export const LabelValue = Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 1000 })])
export type LabelValue = Static<typeof LabelValue>

/** The outcome of one prediction, as somebody reports it. The same value again counts once; another value later is a correction and wins from its event time on. */
export const NewLabel = Type.Object(
  {
    predictionId: Type.String({ minLength: 1, maxLength: 200 }),
    value: LabelValue,
    eventTime: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'When the outcome became known, milliseconds UTC; event time of the project unless given.',
      }),
    ),
    source: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'Who or what says so, such as `call-centre` or `sensor`: delays are measured for each.',
      }),
    ),
    correction: Type.Optional(
      Type.Boolean({ description: 'Says that this replaces an earlier value. Shown in the history; changes no rule.' }),
    ),
  },
  { additionalProperties: false },
)
export type NewLabel = Static<typeof NewLabel>

/** A label that a prediction has now. */
export const PredictionLabel = Type.Object({
  value: LabelValue,
  /** When this value became known, event time. */
  eventTime: Type.Integer(),
})

/** One value in the history of a prediction's label, oldest first; repetitions are left out. */
export const LabelRecord = Type.Object({
  value: LabelValue,
  eventTime: Type.Integer(),
  /** When it arrived here, milliseconds UTC. */
  at: Type.Integer(),
  /** Who or what said so; null where nobody told. */
  source: Nullable(Type.String()),
  /** Another value was known before. */
  correction: Type.Boolean(),
  /** The value that counts at the moment that was asked about. */
  current: Type.Boolean(),
})
export type LabelRecord = Static<typeof LabelRecord>

/** A prediction in a list. */
export const PredictionRow = Type.Object({
  id: Type.String(),
  urn: Type.String({ description: 'trivium://p/prediction/DEPLOYMENT:ID' }),
  release: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  eventTime: Type.Integer(),
  outputs: Type.Record(Type.String(), Scalar),
  label: Nullable(PredictionLabel),
  /** What went in, what came out and what was observed are left out: they need `data:read-rows`. */
  withheld: Type.Optional(Type.Literal(true)),
})
export type PredictionRow = Static<typeof PredictionRow>

/** Everything about one prediction. */
export const PredictionDetail = Type.Object({
  ...PredictionRow.properties,
  deployment: Type.String(),
  releaseUrn: Type.String(),
  modelUrn: Type.String(),
  /** When the gateway answered, milliseconds UTC. */
  at: Type.Integer(),
  latencyMicros: Type.Integer(),
  /** The request that carried it; several rows of one request share it. */
  request: Type.String(),
  inputs: Type.Record(Type.String(), Scalar),
  /** Features that were looked up online, as the model saw them. */
  features: Type.Record(Type.String(), Scalar),
  /** Records with this id; more than one when a caller repeated the request. The first counts. */
  copies: Type.Integer(),
  labels: Type.Array(LabelRecord),
})
export type PredictionDetail = Static<typeof PredictionDetail>

/** How many predictions of one day (event time, UTC) have a label by now. */
export const LabelDay = Type.Object({
  at: Type.Integer({ description: 'Beginning of the day, milliseconds UTC.' }),
  predicted: Type.Integer(),
  labelled: Type.Integer(),
  share: Type.Number(),
  /** Mean of the labels that are numbers or yes/no. */
  mean: Nullable(Type.Number()),
})
export type LabelDay = Static<typeof LabelDay>

/** How long the labels of one source take, from the prediction's event time to the moment at which the first value became known. */
export const LabelDelay = Type.Object({
  /** Null: labels that name no source. */
  source: Nullable(Type.String()),
  labels: Type.Integer({ description: 'Predictions whose first label came from it.' }),
  meanMs: Type.Number(),
  quantiles: Type.Array(Type.Object({ share: Type.Number(), ms: Type.Number() }), {
    description: 'At 5, 25, 50, 75, 90, 95 and 99 %.',
  }),
  histogram: Type.Array(Type.Object({ fromMs: Type.Number(), toMs: Nullable(Type.Number()), labels: Type.Integer() }), {
    description: 'From minutes to months; the last bin has no end.',
  }),
  /** By the week of the predictions (Monday, UTC), oldest first. */
  trend: Type.Array(
    Type.Object({
      at: Type.Integer(),
      labels: Type.Integer(),
      medianMs: Type.Number(),
      p95Ms: Type.Number(),
      /** The week is so young that slow labels may still come: its delays look shorter than they are. */
      young: Type.Boolean(),
    }),
  ),
  /** Median of the newer half of the weeks that are not young over that of the older half; null below four weeks. */
  change: Nullable(Type.Number()),
})
export type LabelDelay = Static<typeof LabelDelay>

const DeploymentParams = Type.Object({ project: ProjectName, deployment: EntityName })
const PredictionParams = Type.Object({
  project: ProjectName,
  deployment: EntityName,
  prediction: Type.String({ minLength: 1, maxLength: 200 }),
})
const range = {
  from: Type.Optional(Millis),
  to: Type.Optional(Millis),
}
const AsOf = Type.Optional(
  Type.Integer({
    minimum: 0,
    description: 'Counts only labels known by then; event time of the project unless given.',
  }),
)

export const listPredictions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/predictions',
  permission: 'prediction:read',
  load: 'heavy',
  sensitive: 'rows',
  schema: {
    operationId: 'listPredictions',
    summary: 'Lists predictions of a deployment, newest event time first. Without a time range the newest 31 days.',
    params: DeploymentParams,
    query: Type.Object({
      ...PageQuery,
      ...range,
      id: Type.Optional(Type.String({ maxLength: 200, description: 'Begins with this text.' })),
      version: Type.Optional(Type.Integer({ minimum: 1 })),
      release: Type.Optional(Type.String({ maxLength: 100 })),
      labelled: Type.Optional(Type.Boolean({ description: 'Only predictions with, or only those without a label.' })),
      as_of: AsOf,
    }),
    response: {
      200: Type.Object({
        predictions: Type.Array(PredictionRow),
        nextPageToken: Nullable(Type.String()),
        asOf: Type.Integer(),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getPrediction = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/predictions/:prediction',
  permission: 'prediction:read',
  sensitive: 'rows',
  schema: {
    operationId: 'getPrediction',
    summary:
      'Reads one prediction: what went in, what was looked up, what came out, which release answered, its labels.',
    params: PredictionParams,
    query: Type.Object({ as_of: AsOf }),
    response: { 200: PredictionDetail, 403: Problem, 404: Problem },
  },
})

export const pushLabels = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments/:deployment/labels',
  permission: 'label:write',
  load: 'log',
  bodyLimit: 16 * 1024 * 1024,
  schema: {
    operationId: 'pushLabels',
    summary:
      'Records the outcome of one prediction, or of several (`labels`). Answers once they are written; a label may come before its prediction.',
    params: DeploymentParams,
    body: Type.Union([
      NewLabel,
      Type.Object({ labels: Type.Array(NewLabel, { minItems: 1, maxItems: 10_000 }) }, { additionalProperties: false }),
    ]),
    response: {
      200: Type.Object({ accepted: Type.Integer() }),
      400: Problem,
      403: Problem,
      404: Problem,
      503: Problem,
    },
  },
})

export const pushLabelFile = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments/:deployment/labels/file',
  permission: 'label:write',
  requestBody: 'raw',
  schema: {
    operationId: 'pushLabelFile',
    summary:
      'Records labels from a file in the body with the columns `prediction_id`, `value` and, if they are known at another time than now, `event_time` (a timestamp or milliseconds).',
    params: DeploymentParams,
    query: Type.Object({
      format: Type.Union([Type.Literal('ndjson'), Type.Literal('csv'), Type.Literal('parquet')]),
    }),
    response: {
      200: Type.Object({ accepted: Type.Integer() }),
      400: Problem,
      403: Problem,
      404: Problem,
      422: Problem,
      507: Problem,
    },
  },
})

export const getLabelCompleteness = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/label-completeness',
  permission: 'prediction:read',
  schema: {
    operationId: 'getLabelCompleteness',
    summary:
      'Says for each day of predictions how many have their label, and how long labels take. Without a range the newest 60 days.',
    params: DeploymentParams,
    query: Type.Object({ ...range, as_of: AsOf }),
    response: {
      200: Type.Object({
        asOf: Type.Integer(),
        days: Type.Array(LabelDay),
        predicted: Type.Integer(),
        labelled: Type.Integer(),
        /** From the prediction's event time to the moment at which its label became known; null without labels. */
        delay: Nullable(Type.Object({ medianMs: Type.Number(), p95Ms: Type.Number() })),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getPredictionTraffic = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/prediction-traffic',
  permission: 'prediction:read',
  schema: {
    operationId: 'getPredictionTraffic',
    summary:
      'Counts predictions by hour or day of event time and by model version. Without a range the newest 60 days, or 7 days by hour.',
    params: DeploymentParams,
    query: Type.Object({
      ...range,
      by: Type.Optional(Type.Union([Type.Literal('hour'), Type.Literal('day')], { default: 'day' })),
    }),
    response: {
      200: Type.Object({
        predictions: Type.Integer({ description: 'All predictions of the deployment, also outside the range.' }),
        newest: Nullable(Type.Integer({ description: 'Newest event time of all.' })),
        buckets: Type.Array(
          Type.Object({
            at: Type.Integer(),
            release: Type.String(),
            model: Type.String(),
            version: Type.Integer(),
            predictions: Type.Integer(),
            p50Micros: Type.Number(),
            p99Micros: Type.Number(),
          }),
        ),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getLabelDelays = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/label-delays',
  permission: 'prediction:read',
  schema: {
    operationId: 'getLabelDelays',
    summary:
      'Says how long labels take, source by source: distribution and weekly trend. Without a range the newest 180 days.',
    params: DeploymentParams,
    query: Type.Object({ ...range, as_of: AsOf }),
    response: {
      200: Type.Object({ asOf: Type.Integer(), predicted: Type.Integer(), sources: Type.Array(LabelDelay) }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
