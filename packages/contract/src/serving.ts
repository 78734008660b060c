import { Type, type Static } from 'typebox'
import { Digest, EntityName, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** One input or output of a model. Datatypes are those of the Open Inference Protocol: FP32, FP64, INT64, INT32, BOOL, BYTES (text). -1 is a free dimension. */
export const TensorSpec = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer()),
})
export type TensorSpec = Static<typeof TensorSpec>

/** What a model takes and gives, as its file says. */
export const ModelSignature = Type.Object({ inputs: Type.Array(TensorSpec), outputs: Type.Array(TensorSpec) })
export type ModelSignature = Static<typeof ModelSignature>

/** Features that the gateway looks up online as of the request's event time, instead of taking them from the caller. */
export const FeatureBinding = Type.Object(
  {
    view: Type.String({ minLength: 1, description: 'Name of the feature view.' }),
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Version of the view; without it the newest when the release is made.' }),
    ),
    keys: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Key of the view → field of the request that holds it; a key that is left out has the same name. A field may be an input of the model as well.',
      }),
    ),
    outputs: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Feature of the view → input of the model that takes it. Without it, features go to the inputs of the same name.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type FeatureBinding = Static<typeof FeatureBinding>

/** A feature binding inside a release: the version is fixed. */
export const BoundFeature = Type.Object({
  view: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  keys: Type.Record(Type.String(), Type.String()),
  outputs: Type.Record(Type.String(), Type.String()),
})
export type BoundFeature = Static<typeof BoundFeature>

/** All that answers a prediction, fixed for ever. Deployments point to one; rolling out and back moves the pointer. */
export const ReleaseManifest = Type.Object({
  format: Type.Literal('onnx'),
  model: Type.String(),
  version: Type.Integer(),
  modelUrn: Type.String(),
  /** The model file: SHA-256, size and where it lies in the model version. */
  file: Type.Object({ digest: Digest, size: Type.Integer(), path: Type.String() }),
  signature: ModelSignature,
  /** Names of the columns of a single two-dimensional input, in order; empty when each input is a column of its own. */
  featureNames: Type.Array(Type.String()),
  features: Type.Array(BoundFeature),
  runtime: Type.Object({ intraOpThreads: Type.Integer() }),
  /** Digests of the evidence that the model version carried when the release was made. */
  evidence: Type.Array(Type.String()),
})
export type ReleaseManifest = Static<typeof ReleaseManifest>

export const Release = Type.Object({
  id: Type.String({ description: 'rel_…' }),
  urn: Type.String(),
  deployment: Type.String(),
  /** 1, 2, 3 … within the deployment. */
  number: Type.Integer(),
  /** SHA-256 of the manifest's canonical JSON. */
  digest: Type.String(),
  manifest: ReleaseManifest,
  createdAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
  /** Whether the deployment points to it now. */
  active: Type.Boolean(),
})
export type Release = Static<typeof Release>

/** One move of a deployment's pointer, newest first. */
export const Activation = Type.Object({
  release: Type.String(),
  number: Type.Integer(),
  model: Type.String(),
  version: Type.Integer(),
  kind: Type.Union([Type.Literal('deploy'), Type.Literal('rollback')]),
  /** Milliseconds UTC on the wall clock. */
  at: Type.Integer(),
  /** Event time of the project when it moved. */
  eventTime: Type.Integer(),
  by: Type.String(),
  byName: Type.String(),
  reason: Nullable(Type.String()),
})
export type Activation = Static<typeof Activation>

/** One minute of traffic by the wall clock. Kept in the gateway's memory for two hours; what must last is in the prediction log. */
export const TrafficMinute = Type.Object({
  at: Type.Integer({ description: 'Beginning of the minute, milliseconds UTC.' }),
  requests: Type.Integer(),
  predictions: Type.Integer(),
  /** Requests that were refused (4xx) or failed (5xx). */
  refused: Type.Integer(),
  failed: Type.Integer(),
  p50Ms: Nullable(Type.Number()),
  p99Ms: Nullable(Type.Number()),
})
export type TrafficMinute = Static<typeof TrafficMinute>

/** Traffic of a deployment since the gateway started, and over the minutes listed. */
export const Traffic = Type.Object({
  since: Nullable(Type.Integer({ description: 'When the gateway began to count; null while it does not run.' })),
  requests: Type.Integer(),
  predictions: Type.Integer(),
  refused: Type.Integer(),
  failed: Type.Integer(),
  p50Ms: Nullable(Type.Number()),
  p99Ms: Nullable(Type.Number()),
  /** Predictions a second over the last full minute. */
  perSecond: Type.Number(),
  minutes: Type.Array(TrafficMinute),
})
export type Traffic = Static<typeof Traffic>

/** `ready`: the gateway answers with the current release. `starting`: not yet. `failed`: it cannot, and `problem` says why. */
export const DeploymentState = Type.Union([
  Type.Literal('ready'),
  Type.Literal('starting'),
  Type.Literal('failed'),
  Type.Literal('retired'),
])

export const DeploymentSummary = Type.Object({
  name: Type.String(),
  urn: Type.String(),
  state: DeploymentState,
  problem: Nullable(Type.String()),
  createdAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
  retiredAt: Nullable(Type.Integer()),
  /** The release that answers now. */
  current: Nullable(Release),
  /** What one token may ask of it in a minute; more is answered with 429 and Retry-After. Null: what the server's settings say. */
  requestsPerMinute: Nullable(Type.Integer()),
  traffic: Type.Omit(Traffic, ['minutes']),
})
export type DeploymentSummary = Static<typeof DeploymentSummary>

/** One named value that a caller of `predict` sends. */
export const InputField = Type.Object({
  name: Type.String(),
  type: Type.Union([Type.Literal('number'), Type.Literal('integer'), Type.Literal('string'), Type.Literal('boolean')]),
  description: Type.String(),
})
export type InputField = Static<typeof InputField>

export const Deployment = Type.Object({
  ...DeploymentSummary.properties,
  traffic: Traffic,
  /** The release that a roll back without another word goes to. */
  previous: Nullable(Release),
  activations: Type.Array(Activation),
  /** Where clients send requests: `…/predict`, and for protocol clients the base URL of the gateway. */
  predictUrl: Type.String(),
  inferenceUrl: Type.String(),
  /** What a caller sends: the model's inputs without those that are looked up, with the keys of the look-ups. */
  inputs: Type.Array(InputField),
})
export type Deployment = Static<typeof Deployment>

const DeploymentParams = Type.Object({ project: ProjectName, deployment: EntityName })

export const listDeployments = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments',
  permission: 'deployment:read',
  schema: {
    operationId: 'listDeployments',
    summary: 'Lists the deployments of a project with the release that answers and the traffic.',
    params: ProjectParams,
    query: Type.Object({
      retired: Type.Optional(Type.Boolean({ default: false, description: 'Lists retired ones as well.' })),
    }),
    response: { 200: Type.Object({ deployments: Type.Array(DeploymentSummary) }), 403: Problem, 404: Problem },
  },
})

export const getDeployment = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment',
  permission: 'deployment:read',
  schema: {
    operationId: 'getDeployment',
    summary:
      'Reads a deployment: current and previous release, the moves of its pointer, traffic by minute, the fields of a request.',
    params: DeploymentParams,
    response: { 200: Deployment, 403: Problem, 404: Problem },
  },
})

export const deployModel = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments',
  permission: 'deployment:write',
  schema: {
    operationId: 'deployModel',
    summary:
      'Makes a release of a model version and points the deployment to it, making the deployment if it is new. Answers once the gateway serves the release.',
    params: ProjectParams,
    body: Type.Object(
      {
        name: EntityName,
        model: Type.String({ minLength: 3, maxLength: 500, description: 'MODEL@ALIAS or MODEL/VERSION.' }),
        features: Type.Optional(
          Type.Array(FeatureBinding, {
            description: 'Look-ups; without it those in the tag `trivium.features` of the model version.',
          }),
        ),
        reason: Type.Optional(Type.String({ maxLength: 2000 })),
      },
      { additionalProperties: false },
    ),
    response: {
      201: Type.Object({ deployment: Deployment, release: Release }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
      503: Problem,
    },
  },
})

export const rollBackDeployment = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments/:deployment/rollback',
  permission: 'deployment:write',
  schema: {
    operationId: 'rollBackDeployment',
    summary:
      'Points the deployment to the release before, or to the one named. Requests under way are answered by the release that took them; none is lost.',
    params: DeploymentParams,
    body: Type.Object(
      {
        release: Type.Optional(Type.String({ description: 'rel_…; without it the release that was active before.' })),
        reason: Type.Optional(Type.String({ maxLength: 2000 })),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ deployment: Deployment, release: Release }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
      503: Problem,
    },
  },
})

export const setDeploymentLimit = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/deployments/:deployment/limit',
  permission: 'deployment:write',
  schema: {
    operationId: 'setDeploymentLimit',
    summary:
      'Says how many inference requests one token may make of the deployment in a minute; null is what the settings of the server say.',
    params: DeploymentParams,
    body: Type.Object(
      { requestsPerMinute: Nullable(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })) },
      { additionalProperties: false },
    ),
    response: { 200: Deployment, 400: Problem, 403: Problem, 404: Problem },
  },
})

/** The last state of a deployment that is known to have worked, with everything that belongs to it. */
export const RestorePoint = Type.Object({
  release: Release,
  /** Why it is taken to have worked. */
  reason: Type.String(),
  /** Later releases that are passed over, each with why. */
  passedOver: Type.Array(Type.Object({ number: Type.Integer(), reason: Type.String() })),
  /** Champion goes back to the release's version. */
  alias: Nullable(
    Type.Object({ model: Type.String(), alias: Type.String(), from: Type.Integer(), to: Type.Integer() }),
  ),
  /** The pipeline that made the version, as it was then; null where no pipeline made it. */
  pipeline: Nullable(
    Type.Object({
      name: Type.String(),
      /** The version whose code, environment and triggers come back, as a new version. */
      from: Type.Integer(),
      newest: Type.Integer(),
    }),
  ),
  /** Data that the restored pipeline reads from now on, instead of the newest. */
  datasets: Type.Array(Type.Object({ name: Type.String(), version: Type.Integer() })),
})
export type RestorePoint = Static<typeof RestorePoint>

export const getRestorePoint = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/restore-point',
  permission: 'deployment:write',
  schema: {
    operationId: 'getRestorePoint',
    summary: 'Says to which last working state a deployment can be restored, and what that changes.',
    params: DeploymentParams,
    response: { 200: RestorePoint, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const restoreDeployment = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments/:deployment/restore',
  permission: 'deployment:write',
  schema: {
    operationId: 'restoreDeployment',
    summary:
      'Goes back to the last working state in one step: model and configuration (the release with its feature views), champion, and the pipeline with its code, environment and data. All of it or nothing; no request is lost.',
    params: DeploymentParams,
    body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 2000 })) }, { additionalProperties: false }),
    response: {
      200: Type.Object({ deployment: Deployment, restored: RestorePoint, pipelineVersion: Nullable(Type.Integer()) }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
      503: Problem,
    },
  },
})

export const retireDeployment = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/deployments/:deployment',
  permission: 'deployment:write',
  schema: {
    operationId: 'retireDeployment',
    summary:
      'Takes a deployment out of service: it answers 404 from then on. Releases, predictions and lineage stay; deploying to the name again brings it back.',
    params: DeploymentParams,
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})

export const listReleases = route({
  method: 'GET',
  url: '/api/v1/projects/:project/deployments/:deployment/releases',
  permission: 'deployment:read',
  schema: {
    operationId: 'listReleases',
    summary: 'Lists the releases of a deployment, newest first.',
    params: DeploymentParams,
    response: { 200: Type.Object({ releases: Type.Array(Release) }), 403: Problem, 404: Problem },
  },
})

export const getRelease = route({
  method: 'GET',
  url: '/api/v1/projects/:project/releases/:release',
  permission: 'deployment:read',
  schema: {
    operationId: 'getRelease',
    summary: 'Reads one release with its manifest.',
    params: Type.Object({ project: ProjectName, release: Type.String({ maxLength: 100 }) }),
    response: { 200: Release, 403: Problem, 404: Problem },
  },
})

/** A value of one field of a request, a looked-up feature or an output. */
export const Scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])

/** One answered row. Outputs of several columns (probabilities) are `name_0`, `name_1`, …, as the prediction log has them. */
export const Prediction = Type.Object({
  id: Type.String({ description: "The id that labels refer to: the caller's, or prd_…" }),
  outputs: Type.Record(Type.String(), Scalar),
  /** What was looked up online. */
  features: Type.Record(Type.String(), Scalar),
})
export type Prediction = Static<typeof Prediction>

export const PredictResult = Type.Object({
  deployment: Type.String(),
  release: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  predictions: Type.Array(Prediction),
})
export type PredictResult = Static<typeof PredictResult>

const Inputs = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Name → value, as `inputs` of the deployment lists them.',
})
const EventTime = Type.Union([Type.Integer(), Type.String()], {
  description: 'When the thing predicted happens: milliseconds UTC or ISO 8601. Without it the time of arrival.',
})
const Row = Type.Object(
  {
    inputs: Inputs,
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    eventTime: Type.Optional(EventTime),
  },
  { additionalProperties: false },
)

export const tryDeployment = route({
  method: 'POST',
  url: '/api/v1/projects/:project/deployments/:deployment/try',
  permission: 'prediction:write',
  schema: {
    operationId: 'tryDeployment',
    summary:
      'Predicts through the gateway without counting it as traffic and without a record in the prediction log. Needs deployment:read as well.',
    params: DeploymentParams,
    body: Type.Object({ inputs: Inputs, eventTime: Type.Optional(EventTime) }, { additionalProperties: false }),
    response: {
      200: Type.Object({ ...PredictResult.properties, latencyMicros: Type.Integer() }),
      400: Problem,
      403: Problem,
      404: Problem,
      503: Problem,
    },
  },
})

/** The plain prediction route, in the project of the token. Answered by the gateway; main forwards to it. */
export const predict = route({
  method: 'POST',
  url: '/deployments/:deployment/predict',
  permission: 'prediction:write',
  bodyLimit: 16 * 1024 * 1024,
  schema: {
    operationId: 'predict',
    summary:
      'Predicts one row (`inputs`) or several (`rows`). Each answered row is one record of the prediction log, written before the answer.',
    params: Type.Object({ deployment: EntityName }),
    body: Type.Union([
      Row,
      Type.Object({ rows: Type.Array(Row, { minItems: 1, maxItems: 10_000 }) }, { additionalProperties: false }),
    ]),
    response: { 200: PredictResult, 400: Problem, 401: Problem, 403: Problem, 404: Problem, 503: Problem },
  },
})
