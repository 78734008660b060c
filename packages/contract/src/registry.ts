import { type Static, Type } from 'typebox'
import { Evidence, Millis, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { PipelineRunSummary, PipelineTriggerState } from './pipelines.ts'
import { ArtifactEntry, RunId } from './tracking.ts'

/** A registered model's name: any text without `/`, `:` and control characters. */
export const ModelName = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[^/:\\u0000-\\u001f]+$',
  description: 'Name of a registered model.',
})
/** Versions are 1, 2, 3, … without gaps when they are made. */
export const ModelVersionNumber = Type.Integer({ minimum: 1, description: 'Number of a model version.' })
/** A name that points to one version: champion, challenger or any other. Not `latest` and not `v1`, which would look like versions. */
export const ModelAliasName = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[\\w-]+$',
  description: 'Name of an alias.',
})

const ModelParams = Type.Object({ project: ProjectName, model: ModelName })
const VersionParams = Type.Object({ project: ProjectName, model: ModelName, version: ModelVersionNumber })
const AliasParams = Type.Object({ project: ProjectName, model: ModelName, alias: ModelAliasName })
const Tags = Type.Record(Type.String(), Type.String())
const TagChanges = Type.Record(
  Type.String({ minLength: 1, maxLength: 250 }),
  Type.Union([Type.String({ maxLength: 100_000 }), Type.Null()]),
)
const Text = Type.Union([Type.String(), Type.Null()])

const Approval = Type.Union([Type.Literal('none'), Type.Literal('required')])

/** What a version of the model needs before it may be deployed. A new model needs nothing. */
export const ModelPolicy = Type.Object({
  /** `required`: a person other than the author approves it in the inbox. */
  approval: Approval,
  /** People depend on it: no version is deployed or becomes champion while nothing says when it is retrained. */
  productive: Type.Boolean(),
  /** When it is retrained, in words, for a model that no pipeline retrains; null where triggers say it. */
  retraining: Type.Union([Type.String(), Type.Null()]),
})
export type ModelPolicy = Static<typeof ModelPolicy>

const ModelPolicyChange = Type.Object(
  {
    approval: Type.Optional(Approval),
    productive: Type.Optional(Type.Boolean()),
    retraining: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 4000 }), Type.Null()])),
  },
  { additionalProperties: false, minProperties: 1 },
)

/** When a model is retrained, how old it is, and how the last retraining went. */
export const ModelRetraining = Type.Object({
  productive: Type.Boolean(),
  /** Criteria in words. */
  stated: Type.Union([Type.String(), Type.Null()]),
  /** Triggers of the pipelines that register versions of this model. */
  triggers: Type.Array(Type.Object({ pipeline: Type.String(), ...PipelineTriggerState.properties })),
  /** The version that is champion, else the newest. */
  version: Type.Union([Type.Integer(), Type.Null()]),
  /** How long ago that version was made. */
  ageMs: Type.Union([Type.Integer(), Type.Null()]),
  /** The newest run of those pipelines that ended. */
  lastOutcome: Type.Union([PipelineRunSummary, Type.Null()]),
  /** Sentences that want attention. */
  warnings: Type.Array(Type.String()),
})
export type ModelRetraining = Static<typeof ModelRetraining>

/** Who may set or remove an alias, and what for. */
export const ProtectedAlias = Type.Object(
  {
    alias: ModelAliasName,
    /** Needed beside `model:write`: maintainers, approvers or administrators of the project have it. */
    permission: Type.Union([
      Type.Literal('deployment:write'),
      Type.Literal('inbox:decide'),
      Type.Literal('project:admin'),
    ]),
    /** Only a version that a person approved gets it. */
    approval: Type.Optional(Type.Boolean()),
    /** Whoever sets it says why. */
    reason: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type ProtectedAlias = Static<typeof ProtectedAlias>

/** How a project manages its models: what is refused at registration and promotion. Null and empty lists ask for nothing. */
export const ModelStrategy = Type.Object(
  {
    /** What model names look like; `*` stands for any text: `ops-*`. */
    names: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 100 }),
    /** Tags that a version or its model must carry; with `values` one of them. */
    tags: Type.Array(
      Type.Object(
        {
          key: Type.String({ minLength: 1, maxLength: 250 }),
          values: Type.Optional(Type.Array(Type.String({ maxLength: 1000 }), { minItems: 1, maxItems: 1000 })),
        },
        { additionalProperties: false },
      ),
      { maxItems: 100 },
    ),
    /** Metadata that a version must have: a description (its own or the model's), the run that made it, a signature, a dataset that its run or pipeline read, a licence (tag `licence` or `license`), an owner (tag `owner`). */
    require: Type.Array(
      Type.Union([
        Type.Literal('description'),
        Type.Literal('run'),
        Type.Literal('signature'),
        Type.Literal('dataset'),
        Type.Literal('licence'),
        Type.Literal('owner'),
      ]),
      { maxItems: 6 },
    ),
    /** Aliases that may be used besides champion and challenger; null: any. */
    aliases: Type.Union([Type.Array(ModelAliasName, { maxItems: 100 }), Type.Null()]),
    /** A new version gets the alias challenger where none is said. */
    labelNew: Type.Boolean(),
    /** What a version needs to replace the champion. */
    replacement: Type.Array(Type.Union([Type.Literal('gate'), Type.Literal('approval')]), { maxItems: 2 }),
    /** Flavours that a version may have (onnx, sklearn, …; python_function beside one of them is free); left out: any. */
    formats: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 100 })),
    /** No version may hold a Python pickle. */
    forbidPickle: Type.Optional(Type.Boolean()),
    /** Aliases that not everybody who may write models sets or removes. */
    protected: Type.Optional(Type.Array(ProtectedAlias, { maxItems: 100 })),
  },
  { additionalProperties: false },
)
export type ModelStrategy = Static<typeof ModelStrategy>

export const ModelAlias = Type.Object({ alias: Type.String(), version: Type.Integer() })
export type ModelAlias = Static<typeof ModelAlias>

/** A column or tensor of a model's signature, as its MLmodel file says. */
export const SignatureField = Type.Object({
  /** Null for an unnamed tensor. */
  name: Text,
  /** MLflow's type (double, long, string, …) or the tensor's dtype (float32, …). */
  type: Type.String(),
  required: Type.Boolean(),
  /** For a tensor; -1 is free. */
  shape: Type.Union([Type.Array(Type.Integer()), Type.Null()]),
})
export type SignatureField = Static<typeof SignatureField>

export const ModelSignatureInfo = Type.Object({
  inputs: Type.Array(SignatureField),
  outputs: Type.Array(SignatureField),
  params: Type.Array(SignatureField),
})
export type ModelSignatureInfo = Static<typeof ModelSignatureInfo>

/** A file that is a Python pickle: whoever loads it runs whatever its author put in. */
export const PickledFile = Type.Object({
  path: Type.String(),
  /** What shows it, in words. */
  why: Type.String(),
})
export type PickledFile = Static<typeof PickledFile>

/** Where a version stands with its model's policy. */
export const ApprovalState = Type.Union([
  Type.Literal('not-required'),
  Type.Literal('missing'),
  Type.Literal('waiting'),
  Type.Literal('approved'),
  Type.Literal('declined'),
])
export type ApprovalState = Static<typeof ApprovalState>

const versionFields = {
  model: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  state: Type.Union([Type.Literal('pending'), Type.Literal('ready'), Type.Literal('failed')]),
  description: Type.String(),
  tags: Tags,
  aliases: Type.Array(Type.String()),
  createdAt: Type.Integer(),
  updatedAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
  /** Id of the tracking run that made it. */
  run: Text,
  loggedModel: Text,
  pipelineRun: Text,
  /** Flavours that the MLmodel file names: sklearn, onnx, python_function, … */
  flavors: Type.Array(Type.String()),
  /** The file that the gateway can serve; null when the version has none. */
  onnx: Type.Union([Type.Object({ path: Type.String(), digest: Type.String(), size: Type.Integer() }), Type.Null()]),
  /** The last gate's word. */
  gate: Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Null()]),
  gateReason: Text,
  approval: ApprovalState,
  /** URN of the inbox item that asks for approval, newest. */
  approvalItem: Text,
  /** What keeps it from being deployed, in words; empty when nothing does. */
  missing: Type.Array(Type.String()),
  evidenceCount: Type.Integer(),
  /** `pickle`: loading it runs code that its author chose. The server never does; null where nothing is known to be unsafe. */
  unsafe: Type.Union([Type.Object({ kind: Type.Literal('pickle'), files: Type.Array(PickledFile) }), Type.Null()]),
}

/** A model version in a list. */
export const ModelVersionRow = Type.Object(versionFields)
export type ModelVersionRow = Static<typeof ModelVersionRow>

/** Everything about a model version. */
export const ModelVersionDetail = Type.Object({
  ...versionFields,
  signature: Type.Union([ModelSignatureInfo, Type.Null()]),
  /** SHA-256 over the names and digests of its files. */
  artifactDigest: Type.String(),
  files: Type.Array(ArtifactEntry),
  /** Oldest first; never changed. */
  evidence: Type.Array(Evidence),
  policy: ModelPolicy,
})
export type ModelVersionDetail = Static<typeof ModelVersionDetail>

/** What people say about a version. */
export const ModelNotes = Type.Object(
  {
    knownIssues: Type.Optional(Type.String({ maxLength: 20_000 })),
    tradeOffs: Type.Optional(Type.String({ maxLength: 20_000 })),
    usage: Type.Optional(Type.String({ maxLength: 20_000 })),
  },
  { additionalProperties: false },
)
export type ModelNotes = Static<typeof ModelNotes>

/** The page of a version that others need to use it again, made from what was recorded. */
export const ModelCard = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  description: Type.String(),
  architecture: Type.Object({
    /** Class of the estimator, as autologging recorded it. */
    estimator: Text,
    flavors: Type.Array(Type.String()),
    format: Text,
    bytes: Type.Integer(),
  }),
  signature: Type.Union([ModelSignatureInfo, Type.Null()]),
  artifact: Type.Object({ digest: Type.String(), files: Type.Integer(), source: Type.String() }),
  /** Dataset versions that its run and its pipeline read. */
  trainingData: Type.Array(Type.Object({ urn: Type.String(), as: Type.String() })),
  /** Code, commit and environment that made it. */
  madeWith: Type.Array(Type.Object({ urn: Type.String(), as: Type.String() })),
  hyperparameters: Type.Record(Type.String(), Type.String()),
  dependencies: Type.Array(Type.Object({ file: Type.String(), text: Type.String() })),
  /** Each with the dataset version that it was measured on. */
  evaluations: Type.Array(
    Type.Object({
      kind: Type.String(),
      verdict: Type.String(),
      summary: Type.String(),
      dataset: Text,
      metrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])),
      at: Type.Integer(),
    }),
  ),
  /** Metrics that its run logged, last values. */
  runMetrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])),
  /** What is known to be wrong or worse: what people wrote, and what checks, gates and alerts found. */
  knownIssues: Type.Array(Type.Object({ text: Type.String(), source: Type.String() })),
  tradeOffs: Type.Array(Type.Object({ text: Type.String(), source: Type.String() })),
  usage: Type.Object({ text: Text, python: Type.String(), curl: Text }),
  /** Deployments that point to it, and those that did. */
  deployments: Type.Array(
    Type.Object({
      name: Type.String(),
      state: Type.Union([Type.Literal('serving'), Type.Literal('replaced')]),
      since: Millis,
    }),
  ),
  aliases: Type.Array(Type.String()),
  missing: Type.Array(Type.String()),
})
export type ModelCard = Static<typeof ModelCard>

/** A registered model. */
export const RegisteredModel = Type.Object({
  name: Type.String(),
  urn: Type.String(),
  description: Type.String(),
  tags: Tags,
  aliases: Type.Array(ModelAlias),
  policy: ModelPolicy,
  createdAt: Type.Integer(),
  updatedAt: Type.Integer(),
  versions: Type.Integer(),
  latest: Type.Union([ModelVersionRow, Type.Null()]),
})
export type RegisteredModel = Static<typeof RegisteredModel>

export const listModels = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models',
  permission: 'model:read',
  schema: {
    operationId: 'listModels',
    summary: 'Lists registered models by name.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      filter: Type.Optional(
        Type.String({ maxLength: 2000, description: "MLflow's grammar: name like 'arrival%' and tags.team = 'ops'" }),
      ),
    }),
    response: {
      200: Type.Object({
        models: Type.Array(RegisteredModel),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const createModel = route({
  method: 'POST',
  url: '/api/v1/projects/:project/models',
  permission: 'model:write',
  schema: {
    operationId: 'createModel',
    summary: 'Registers a model without versions.',
    params: ProjectParams,
    body: Type.Object(
      { name: ModelName, description: Type.Optional(Type.String({ maxLength: 100_000 })), tags: Type.Optional(Tags) },
      { additionalProperties: false },
    ),
    response: { 201: RegisteredModel, 400: Problem, 403: Problem, 409: Problem },
  },
})

export const getModel = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model',
  permission: 'model:read',
  schema: {
    operationId: 'getModel',
    summary: 'Reads a registered model.',
    params: ModelParams,
    response: { 200: RegisteredModel, 403: Problem, 404: Problem },
  },
})

export const updateModel = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/models/:model',
  permission: 'model:write',
  schema: {
    operationId: 'updateModel',
    summary: 'Changes the description or tags of a model.',
    params: ModelParams,
    body: Type.Object(
      { description: Type.Optional(Type.String({ maxLength: 100_000 })), tags: Type.Optional(TagChanges) },
      { additionalProperties: false },
    ),
    response: { 200: RegisteredModel, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const deleteModel = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/models/:model',
  permission: 'model:write',
  schema: {
    operationId: 'deleteModel',
    summary: 'Deletes a registered model with its versions; the runs and their files stay.',
    params: ModelParams,
    response: { 200: Type.Object({ deleted: Type.Boolean() }), 403: Problem, 404: Problem },
  },
})

export const setModelPolicy = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/models/:model/policy',
  permission: 'deployment:write',
  schema: {
    operationId: 'setModelPolicy',
    summary:
      'Says whether versions of a model need approval before they are deployed, and whether it is productive, so that it needs retraining criteria. What is left out stays.',
    params: ModelParams,
    body: ModelPolicyChange,
    response: { 200: RegisteredModel, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const getModelRetraining = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/retraining',
  permission: 'model:read',
  schema: {
    operationId: 'getModelRetraining',
    summary: 'Says when a model is retrained, how old it is, how the last retraining ended, and what wants attention.',
    params: ModelParams,
    response: { 200: ModelRetraining, 403: Problem, 404: Problem },
  },
})

export const getModelStrategy = route({
  method: 'GET',
  url: '/api/v1/projects/:project/model-strategy',
  permission: 'model:read',
  schema: {
    operationId: 'getModelStrategy',
    summary: 'Reads how the project manages its models.',
    params: ProjectParams,
    response: { 200: ModelStrategy, 403: Problem, 404: Problem },
  },
})

export const setModelStrategy = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/model-strategy',
  permission: 'project:admin',
  schema: {
    operationId: 'setModelStrategy',
    summary:
      'Says how the project manages its models: names, labels, mandatory metadata and when a champion is replaced. It holds for what is registered from now on.',
    params: ProjectParams,
    body: ModelStrategy,
    response: { 200: ModelStrategy, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const setModelAlias = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/models/:model/aliases/:alias',
  permission: 'model:write',
  schema: {
    operationId: 'setModelAlias',
    summary:
      'Points an alias to a version, taking it from another. A version that becomes champion is challenger no more.',
    params: AliasParams,
    body: Type.Object(
      { version: ModelVersionNumber, reason: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })) },
      { additionalProperties: false },
    ),
    response: { 200: RegisteredModel, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const deleteModelAlias = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/models/:model/aliases/:alias',
  permission: 'model:write',
  schema: {
    operationId: 'deleteModelAlias',
    summary: 'Removes an alias; the version stays.',
    params: AliasParams,
    response: { 200: RegisteredModel, 403: Problem, 404: Problem },
  },
})

export const listModelVersions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/versions',
  permission: 'model:read',
  schema: {
    operationId: 'listModelVersions',
    summary: 'Lists the versions of a model, newest first.',
    params: ModelParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({
        versions: Type.Array(ModelVersionRow),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

/** Versions over all models, newest first: those that came from one run, for the run's page. */
export const findModelVersions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/model-versions',
  permission: 'model:read',
  schema: {
    operationId: 'findModelVersions',
    summary: 'Finds versions over all models, by run.',
    params: ProjectParams,
    query: Type.Object({ ...PageQuery, run: Type.Optional(RunId) }),
    response: {
      200: Type.Object({
        versions: Type.Array(ModelVersionRow),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

/** Registers files of a run (`path` inside it) or a logged model as the next version. The model is made when it does not exist. */
export const registerModelVersion = route({
  method: 'POST',
  url: '/api/v1/projects/:project/models/:model/versions',
  permission: 'model:write',
  schema: {
    operationId: 'registerModelVersion',
    summary: 'Registers a new version of a model.',
    params: ModelParams,
    body: Type.Object(
      {
        run: Type.Optional(RunId),
        path: Type.Optional(Type.String({ maxLength: 2000, description: 'Directory of the model inside the run.' })),
        loggedModel: Type.Optional(RunId),
        description: Type.Optional(Type.String({ maxLength: 100_000 })),
        tags: Type.Optional(Tags),
        alias: Type.Optional(ModelAliasName),
      },
      { additionalProperties: false },
    ),
    response: { 201: ModelVersionDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const checkModelVersion = route({
  method: 'POST',
  url: '/api/v1/projects/:project/models/:model/version-check',
  permission: 'model:write',
  schema: {
    operationId: 'checkModelVersion',
    summary: 'Says everything that the strategy of the project would refuse a version for. Nothing is registered.',
    params: ModelParams,
    body: Type.Object(
      {
        run: Type.Optional(RunId),
        path: Type.Optional(Type.String({ maxLength: 2000, description: 'Directory of the model inside the run.' })),
        loggedModel: Type.Optional(RunId),
        description: Type.Optional(Type.String({ maxLength: 100_000 })),
        tags: Type.Optional(Tags),
        alias: Type.Optional(ModelAliasName),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ accepted: Type.Boolean(), problems: Type.Array(Type.String()) }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getModelVersion = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/versions/:version',
  permission: 'model:read',
  schema: {
    operationId: 'getModelVersion',
    summary: 'Reads a model version with its files, signature and evidence.',
    params: VersionParams,
    response: { 200: ModelVersionDetail, 403: Problem, 404: Problem },
  },
})

export const getModelCard = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/versions/:version/card',
  permission: 'model:read',
  schema: {
    operationId: 'getModelCard',
    summary:
      'Reads the page of a version: architecture, training data, hyperparameters, dependencies, evaluation, known issues and trade-offs, usage, deployments.',
    params: VersionParams,
    response: { 200: ModelCard, 403: Problem, 404: Problem },
  },
})

export const updateModelVersion = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/models/:model/versions/:version',
  permission: 'model:write',
  schema: {
    operationId: 'updateModelVersion',
    summary: 'Changes the description, the tags or the notes of a version.',
    params: VersionParams,
    body: Type.Object(
      {
        description: Type.Optional(Type.String({ maxLength: 100_000 })),
        tags: Type.Optional(TagChanges),
        notes: Type.Optional(ModelNotes),
      },
      { additionalProperties: false },
    ),
    response: { 200: ModelVersionDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const deleteModelVersion = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/models/:model/versions/:version',
  permission: 'model:write',
  schema: {
    operationId: 'deleteModelVersion',
    summary: 'Deletes a version and its aliases; its number is not used again.',
    params: VersionParams,
    response: { 200: Type.Object({ deleted: Type.Boolean() }), 403: Problem, 404: Problem },
  },
})

export const requestModelApproval = route({
  method: 'POST',
  url: '/api/v1/projects/:project/models/:model/versions/:version/approval-request',
  permission: 'model:write',
  schema: {
    operationId: 'requestModelApproval',
    summary: 'Asks in the inbox for approval of a version; asking again while one waits returns the same item.',
    params: VersionParams,
    body: Type.Object(
      { dueAt: Type.Optional(Millis), assignee: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ item: Type.String(), urn: Type.String() }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})

export const downloadModelFile = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/versions/:version/file',
  permission: 'model:read',
  responseBody: 'raw',
  schema: {
    operationId: 'downloadModelFile',
    summary: 'Downloads a file of a model version; Range is honoured.',
    params: VersionParams,
    query: Type.Object({ path: Type.String({ minLength: 1, maxLength: 2000 }) }),
    response: { 400: Problem, 403: Problem, 404: Problem },
  },
})
