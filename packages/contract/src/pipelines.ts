import { type Static, Type } from 'typebox'
import {
  Digest,
  EntityName,
  Evidence,
  Json,
  JsonObject,
  Millis,
  PageQuery,
  Problem,
  ProjectName,
  ProjectParams,
} from './common.ts'
import { EventRef } from './events.ts'
import { route } from './route.ts'

/** Name of a step, parameter, input, output or trigger inside a pipeline. */
export const PipelinePartName = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_-]{0,62}$',
  description: 'Letters, digits, underscore and hyphen; begins with a letter or underscore.',
})

/** What flows between steps. `dataset` and `model` arrive as files; `value` and `evidence` are JSON. */
export const ArtifactKind = Type.Union([
  Type.Literal('file'),
  Type.Literal('directory'),
  Type.Literal('dataset'),
  Type.Literal('model'),
  Type.Literal('value'),
  Type.Literal('evidence'),
])
export type ArtifactKind = Static<typeof ArtifactKind>

/** A parameter of a pipeline: a run may set it, else the default holds. */
export const PipelineParameter = Type.Object({
  name: Type.String(),
  type: Type.Union([
    Type.Literal('string'),
    Type.Literal('number'),
    Type.Literal('integer'),
    Type.Literal('boolean'),
    Type.Literal('list'),
    Type.Literal('map'),
  ]),
  default: Json,
  description: Type.String(),
})
export type PipelineParameter = Static<typeof PipelineParameter>

/** What the processes of a step may use together. */
export const StepResources = Type.Object({
  memoryBytes: Type.Optional(Type.Integer()),
  /** Processors. */
  cpus: Type.Optional(Type.Integer()),
  diskBytes: Type.Optional(Type.Integer()),
  processes: Type.Optional(Type.Integer()),
})
export type StepResources = Static<typeof StepResources>

/** A step of a definition. `needs` holds every step that must succeed before: the named ones and the ones whose outputs it reads. */
export const PipelineStep = Type.Object({
  name: Type.String(),
  kind: Type.String({
    description:
      'python, command, or a kind of another capability: validate, features, evaluate, gate, register, deploy, …',
  }),
  needs: Type.Array(Type.String()),
  /** Input name → reference: `steps.STEP.OUTPUT`, `params.NAME`, `dataset:NAME@latest`, `model:NAME@ALIAS`, … */
  in: Type.Record(Type.String(), Type.String()),
  out: Type.Record(Type.String(), Type.Object({ kind: ArtifactKind })),
  params: JsonObject,
  with: JsonObject,
  /** python: `module:function`; command: the arguments; otherwise null. */
  run: Type.Union([Type.String(), Type.Array(Type.String()), Type.Null()]),
  retry: Type.Object({ max: Type.Integer(), backoffMs: Type.Integer() }),
  timeoutMs: Type.Union([Type.Integer(), Type.Null()]),
  cache: Type.Union([Type.Literal('content'), Type.Literal('never')]),
  /** python and command: environment variable → secret, `NAME` or `NAME@previous`. Left out: none. */
  secrets: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** It reaches other machines. Left out: this server only. */
  network: Type.Optional(Type.Literal(true)),
  /** What its processes may use together; what is left out is as the server's settings say. */
  resources: Type.Optional(StepResources),
})
export type PipelineStep = Static<typeof PipelineStep>

/** How urgent a run is: steps of a greater priority begin first where slots are scarce. 5 unless something else is said. */
export const RunPriority = Type.Integer({ minimum: 0, maximum: 9, description: '0 (last) to 9 (first); 5 is normal.' })

/** Data that have to be ready before a run starts: the newest version passed its checks, is labelled and fresh. */
export const DataRequirement = Type.Object({
  dataset: Type.String(),
  /** The column that has to be filled, with the least share of its rows. */
  label: Type.Optional(Type.String()),
  labelled: Type.Optional(Type.Number()),
  /** The newest row may be so old, in event time. */
  freshMs: Type.Optional(Type.Integer()),
})
export type DataRequirement = Static<typeof DataRequirement>

/** What starts runs by itself. Exactly one of `schedule` and `on`; times and the cooldown count event time. */
export const PipelineTrigger = Type.Object({
  name: Type.String(),
  schedule: Type.Union([
    Type.Object({ cron: Type.Union([Type.String(), Type.Null()]), everyMs: Type.Union([Type.Integer(), Type.Null()]) }),
    Type.Null(),
  ]),
  /** Any of the events, where all of `where` holds: a field of the event's data, or the kind and name of an entity that it is about. */
  on: Type.Union([
    Type.Object({
      events: Type.Array(Type.String()),
      where: JsonObject,
      /** Fires when so many rows have come since it fired last (dataset.version-added, labels.committed). */
      rows: Type.Optional(Type.Integer()),
    }),
    Type.Null(),
  ]),
  cooldownMs: Type.Integer(),
  params: JsonObject,
  priority: Type.Optional(RunPriority),
})
export type PipelineTrigger = Static<typeof PipelineTrigger>

/** A pipeline.yaml, parsed and checked. */
export const PipelineDefinition = Type.Object({
  name: Type.String(),
  description: Type.String(),
  /** Every dataset that it uses must have its owners named. */
  production: Type.Optional(Type.Boolean()),
  params: Type.Array(PipelineParameter),
  environment: Type.Union([Type.Object({ lock: Type.String(), digest: Type.String() }), Type.Null()]),
  code: Type.Array(Type.String()),
  /** Digest of the bundle: every code file by path and digest. */
  codeDigest: Type.String(),
  steps: Type.Array(PipelineStep),
  triggers: Type.Array(PipelineTrigger),
  /** No run starts while one of these is not met. */
  requires: Type.Optional(Type.Array(DataRequirement)),
})
export type PipelineDefinition = Static<typeof PipelineDefinition>

/** `rejected`: every step worked, and a gate said no. `waiting`: a person has to decide. */
export const PipelineRunState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('waiting'),
  Type.Literal('finished'),
  Type.Literal('failed'),
  Type.Literal('rejected'),
  Type.Literal('cancelled'),
])
export type PipelineRunState = Static<typeof PipelineRunState>

/** State of one step of a run. `cached`: its outputs were taken from an earlier run; `skipped`: a step that it needs did not succeed. */
export const PipelineStepState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('waiting'),
  Type.Literal('finished'),
  Type.Literal('failed'),
  Type.Literal('rejected'),
  Type.Literal('skipped'),
  Type.Literal('cached'),
  Type.Literal('cancelled'),
])
export type PipelineStepState = Static<typeof PipelineStepState>

/** What started a run: a person or program (`manual`), a schedule or an event, with the URNs of the cause (monitor, window, alert, dataset version). */
export const PipelineRunCause = Type.Object({
  kind: Type.Union([Type.Literal('manual'), Type.Literal('schedule'), Type.Literal('event')]),
  trigger: Type.Union([Type.String(), Type.Null()]),
  /** One sentence. */
  summary: Type.String(),
  refs: Type.Array(EventRef),
})
export type PipelineRunCause = Static<typeof PipelineRunCause>

const runFields = {
  id: Type.String(),
  urn: Type.String(),
  pipeline: Type.String(),
  version: Type.Integer(),
  state: PipelineRunState,
  /** Why it failed, was rejected or waits; null while there is nothing to say. */
  reason: Type.Union([Type.String(), Type.Null()]),
  params: JsonObject,
  cause: PipelineRunCause,
  priority: RunPriority,
  /** Event time that the run stands at: dataset@latest and lookups mean "as known by then". */
  asOf: Millis,
  startedBy: Type.String(),
  startedByName: Type.String(),
  createdAt: Millis,
  startedAt: Type.Union([Millis, Type.Null()]),
  finishedAt: Type.Union([Millis, Type.Null()]),
  /** How many steps are in each state. */
  stepCounts: Type.Record(Type.String(), Type.Integer()),
}

/** A run as lists show it. */
export const PipelineRunSummary = Type.Object(runFields)
export type PipelineRunSummary = Static<typeof PipelineRunSummary>

/** An input or output of a step of a run: content by digest, and what it is in Trivium when it is an entity. */
export const StepArtifact = Type.Object({
  name: Type.String(),
  kind: ArtifactKind,
  /** Inputs: the reference in the definition. */
  reference: Type.Union([Type.String(), Type.Null()]),
  digest: Type.String(),
  size: Type.Union([Type.Integer(), Type.Null()]),
  urn: Type.Union([Type.String(), Type.Null()]),
  /** `value` and `evidence`: the JSON; `directory`: its manifest {path: {digest, size}}. */
  value: Type.Optional(Json),
})
export type StepArtifact = Static<typeof StepArtifact>

/** One part of a cache key against the same part of the nearest earlier key of the step. */
export const CacheComponent = Type.Object({
  /** target, code, environment, params.NAME, in.NAME, outputs, configuration.KEY, … */
  part: Type.String(),
  before: Type.Union([Type.String(), Type.Null()]),
  after: Type.Union([Type.String(), Type.Null()]),
  changed: Type.Boolean(),
  /** What exactly differs, where that is known: the code files that were added, removed or changed. */
  detail: Type.Array(Type.String()),
})
export type CacheComponent = Static<typeof CacheComponent>

/** Why a step ran or did not have to. */
export const CacheVerdict = Type.Object({
  /** hit: outputs of an earlier run; miss: it ran; off: this step acts on the world or says `cache: never`. */
  outcome: Type.Union([Type.Literal('hit'), Type.Literal('miss'), Type.Literal('off')]),
  /** One sentence: `params.depth 3 → 5`, `code: train.py changed`, `first run of this step`. */
  reason: Type.String(),
  key: Type.Union([Type.String(), Type.Null()]),
  /** hit: the run that made the outputs; miss: the run whose key was nearest. */
  run: Type.Union([Type.Object({ id: Type.String(), urn: Type.String(), at: Millis }), Type.Null()]),
  components: Type.Array(CacheComponent),
})
export type CacheVerdict = Static<typeof CacheVerdict>

/** Why an attempt did not succeed. */
export const StepError = Type.Object({
  code: Type.String({
    description: 'Stable: PIPELINES.STEP_FAILED, PIPELINES.TIMED_OUT, PIPELINES.OUTPUT_MISSING, PYTHON.NOT_FOUND, …',
  }),
  message: Type.String(),
  /** The traceback, or the last lines of the log. */
  detail: Type.Union([Type.String(), Type.Null()]),
})
export type StepError = Static<typeof StepError>

/** One try of a step. `lost`: the server stopped under it; such an attempt costs none of the step's retries. */
/** What kept the code of an attempt from the server and the machine, and what it could use. */
export const StepBoundary = Type.Object({
  contained: Type.Boolean({ description: 'false: it could do all that the server may.' }),
  layers: Type.Array(
    Type.Object({
      name: Type.String({ description: 'files, calls, network, signals, identity or limits.' }),
      active: Type.Boolean(),
      found: Type.String({ description: 'What the layer is on this machine, or why it is not there.' }),
    }),
  ),
  network: Type.Union([Type.Literal('server'), Type.Literal('all')], {
    description: 'server: this server only. all: the step declares network, or nothing contains it.',
  }),
  limits: Type.Object({
    memoryBytes: Type.Union([Type.Integer(), Type.Null()]),
    diskBytes: Type.Union([Type.Integer(), Type.Null()]),
    processes: Type.Union([Type.Integer(), Type.Null()]),
    cpus: Type.Union([Type.Integer(), Type.Null()], { description: 'null: all processors.' }),
  }),
})
export type StepBoundary = Static<typeof StepBoundary>

export const StepAttempt = Type.Object({
  attempt: Type.Integer(),
  state: Type.Union([
    Type.Literal('running'),
    Type.Literal('finished'),
    Type.Literal('failed'),
    Type.Literal('timed-out'),
    Type.Literal('cancelled'),
    Type.Literal('lost'),
  ]),
  startedAt: Millis,
  /** When user code began. */
  enteredAt: Type.Union([Millis, Type.Null()]),
  finishedAt: Type.Union([Millis, Type.Null()]),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  /** null: no code of people ran in it, or it was before this was recorded. */
  boundary: Type.Union([StepBoundary, Type.Null()]),
  error: Type.Union([StepError, Type.Null()]),
})
export type StepAttempt = Static<typeof StepAttempt>

/** A step of a run with everything that is known about it. */
export const PipelineStepRun = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  needs: Type.Array(Type.String()),
  state: PipelineStepState,
  /** Why it was skipped, rejected, failed, or what it waits for. */
  reason: Type.Union([Type.String(), Type.Null()]),
  /** URN of the inbox item that it waits or waited for. */
  waitingFor: Type.Union([Type.String(), Type.Null()]),
  verdict: Type.Union([Type.Object({ passed: Type.Boolean(), reason: Type.String() }), Type.Null()]),
  /** When everything that it needs was done. */
  queuedAt: Type.Union([Millis, Type.Null()]),
  startedAt: Type.Union([Millis, Type.Null()]),
  finishedAt: Type.Union([Millis, Type.Null()]),
  /** A retry does not begin before this. */
  notBefore: Type.Union([Millis, Type.Null()]),
  progress: Type.Union([Type.Object({ done: Type.Number(), total: Type.Number() }), Type.Null()]),
  cache: Type.Union([CacheVerdict, Type.Null()]),
  params: JsonObject,
  inputs: Type.Array(StepArtifact),
  outputs: Type.Array(StepArtifact),
  evidence: Type.Array(Evidence),
  refs: Type.Array(EventRef),
  attempts: Type.Array(StepAttempt),
})
export type PipelineStepRun = Static<typeof PipelineStepRun>

/** A run with its steps, in the order of the definition. */
export const PipelineRun = Type.Object({
  ...runFields,
  definitionDigest: Type.String(),
  holdsEventTime: Type.Boolean(),
  steps: Type.Array(PipelineStepRun),
})
export type PipelineRun = Static<typeof PipelineRun>

const versionFields = {
  version: Type.Integer(),
  urn: Type.String(),
  /** SHA-256 of the canonical definition with its code: equal content is the same version. */
  digest: Type.String(),
  createdAt: Millis,
  createdBy: Type.String(),
  createdByName: Type.String(),
}

/** One immutable version of a pipeline. */
export const PipelineVersion = Type.Object(versionFields)
export type PipelineVersion = Static<typeof PipelineVersion>

/** A pipeline as lists show it. */
export const PipelineSummary = Type.Object({
  name: Type.String(),
  urn: Type.String(),
  description: Type.String(),
  latest: PipelineVersion,
  steps: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() })),
  triggers: Type.Array(Type.String()),
  /** The newest runs, newest first, at most ten. */
  recentRuns: Type.Array(PipelineRunSummary),
})
export type PipelineSummary = Static<typeof PipelineSummary>

/** A pipeline at one version. */
export const PipelineDetail = Type.Object({
  name: Type.String(),
  description: Type.String(),
  /** `urn`, `version` and the rest are those of the version that is shown. */
  ...versionFields,
  latestVersion: Type.Integer(),
  definition: PipelineDefinition,
  yaml: Type.String(),
  /** The bundle: path → digest and size. */
  files: Type.Record(Type.String(), Type.Object({ digest: Type.String(), size: Type.Integer() })),
})
export type PipelineDetail = Static<typeof PipelineDetail>

const PipelineParams = Type.Object({ project: ProjectName, pipeline: EntityName })
const RunParams = Type.Object({ project: ProjectName, run: Type.String({ pattern: '^prn_[0-9a-z]+$', maxLength: 64 }) })
const StepParams = Type.Object({ ...RunParams.properties, step: PipelinePartName })

export const listPipelines = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipelines',
  permission: 'pipeline:read',
  schema: {
    operationId: 'listPipelines',
    summary: 'Lists the pipelines of a project with their newest runs.',
    params: ProjectParams,
    response: { 200: Type.Object({ pipelines: Type.Array(PipelineSummary) }), 403: Problem, 404: Problem },
  },
})

export const savePipeline = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/pipelines/:pipeline',
  permission: 'pipeline:write',
  bodyLimit: 4_194_304,
  schema: {
    operationId: 'savePipeline',
    summary:
      'Saves a definition with its code as a new version; when the newest version has the same content, that is it. The files are uploaded before with putBlob.',
    params: PipelineParams,
    body: Type.Object(
      {
        yaml: Type.String({ maxLength: 1_000_000 }),
        /** How error messages call the YAML file. */
        path: Type.Optional(Type.String({ maxLength: 500 })),
        /** The bundle: path → digest of an uploaded blob. Paths are relative, with forward slashes. */
        files: Type.Record(Type.String({ maxLength: 500 }), Digest),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ ...versionFields, name: Type.String(), created: Type.Boolean() }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getPipeline = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipelines/:pipeline',
  permission: 'pipeline:read',
  schema: {
    operationId: 'getPipeline',
    summary: 'Reads a pipeline at its newest or a given version: definition, YAML and the list of its code files.',
    params: PipelineParams,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }),
    response: { 200: PipelineDetail, 403: Problem, 404: Problem },
  },
})

export const listPipelineVersions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipelines/:pipeline/versions',
  permission: 'pipeline:read',
  schema: {
    operationId: 'listPipelineVersions',
    summary: 'Lists the versions of a pipeline, newest first.',
    params: PipelineParams,
    response: { 200: Type.Object({ versions: Type.Array(PipelineVersion) }), 403: Problem, 404: Problem },
  },
})

export const startPipelineRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/pipelines/:pipeline/runs',
  permission: 'pipeline:run',
  schema: {
    operationId: 'startPipelineRun',
    summary: 'Starts a run of the newest or a given version.',
    params: PipelineParams,
    body: Type.Object(
      {
        params: Type.Optional(JsonObject),
        version: Type.Optional(Type.Integer({ minimum: 1 })),
        /** Event time waits for this run (a replay that trains on its way). Default false. */
        holdsEventTime: Type.Optional(Type.Boolean()),
        priority: Type.Optional(RunPriority),
      },
      { additionalProperties: false },
    ),
    response: { 201: PipelineRun, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const listPipelineRuns = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipeline-runs',
  permission: 'pipeline:read',
  schema: {
    operationId: 'listPipelineRuns',
    summary: 'Lists runs, newest first.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      pipeline: Type.Optional(EntityName),
      state: Type.Optional(
        Type.String({
          maxLength: 200,
          description: 'One state or several, comma-separated; `active` is queued, running and waiting.',
        }),
      ),
    }),
    response: {
      200: Type.Object({
        runs: Type.Array(PipelineRunSummary),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getPipelineRun = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipeline-runs/:run',
  permission: 'pipeline:read',
  schema: {
    operationId: 'getPipelineRun',
    summary: 'Reads a run: steps, attempts, cache verdicts, inputs and outputs, times.',
    params: RunParams,
    response: { 200: PipelineRun, 403: Problem, 404: Problem },
  },
})

/** A step that runs or waits for a slot, in the order in which steps begin. */
export const QueuedStep = Type.Object({
  /** 1 is next; 0 for what runs. */
  position: Type.Integer(),
  run: Type.String(),
  pipeline: Type.String(),
  step: Type.String(),
  kind: Type.String(),
  state: Type.Union([Type.Literal('running'), Type.Literal('queued')]),
  priority: RunPriority,
  cause: PipelineRunCause,
  queuedAt: Type.Union([Millis, Type.Null()]),
  /** A retry does not begin before this. */
  notBefore: Type.Union([Millis, Type.Null()]),
})
export type QueuedStep = Static<typeof QueuedStep>

export const listPipelineQueue = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipeline-queue',
  permission: 'pipeline:read',
  schema: {
    operationId: 'listPipelineQueue',
    summary:
      'Lists the steps that run or wait for a slot, in the order in which they begin, with what started their runs.',
    params: ProjectParams,
    response: {
      200: Type.Object({ slots: Type.Integer(), steps: Type.Array(QueuedStep) }),
      403: Problem,
      404: Problem,
    },
  },
})

export const setPipelineRunPriority = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/pipeline-runs/:run/priority',
  permission: 'pipeline:run',
  schema: {
    operationId: 'setPipelineRunPriority',
    summary: 'Moves a run that is not over up or down in the queue.',
    params: RunParams,
    body: Type.Object({ priority: RunPriority }, { additionalProperties: false }),
    response: { 200: PipelineRun, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const repeatPipelineRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/pipeline-runs/:run/repeat',
  permission: 'pipeline:run',
  schema: {
    operationId: 'repeatPipelineRun',
    summary:
      'Runs a run again from its record: the same version with its code and environment, the same parameters, event time, and the same versions of data and models, however many there are by now. Nothing is taken from the cache.',
    params: RunParams,
    body: Type.Object({ priority: Type.Optional(RunPriority) }, { additionalProperties: false }),
    response: { 201: PipelineRun, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const cancelPipelineRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/pipeline-runs/:run/cancel',
  permission: 'pipeline:run',
  schema: {
    operationId: 'cancelPipelineRun',
    summary: 'Cancels a run: running steps are stopped, the others never begin.',
    params: RunParams,
    response: { 200: PipelineRun, 403: Problem, 404: Problem, 409: Problem },
  },
})

/** A line that a step wrote. */
export const StepLogLine = Type.Object({
  at: Millis,
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('system')]),
  text: Type.String(),
})
export type StepLogLine = Static<typeof StepLogLine>

/**
 * Log lines of one attempt. Live lines arrive on the volatile channel `step.log` as {run, step, attempt, offset, at, stream, text}; `offset` is where the line
 * begins, so that a page can tell what it missed and read it here. `step.progress` carries {run, step, done, total}, `step.state` {run, step, state}.
 */
export const readStepLog = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipeline-runs/:run/steps/:step/log',
  permission: 'pipeline:read',
  schema: {
    operationId: 'readStepLog',
    summary: 'Reads the log of a step from an offset; the newest attempt unless one is named.',
    params: StepParams,
    query: Type.Object({
      attempt: Type.Optional(Type.Integer({ minimum: 1 })),
      offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 1_048_576, default: 262_144, description: 'Most bytes to read.' }),
      ),
    }),
    response: {
      200: Type.Object({
        attempt: Type.Integer(),
        lines: Type.Array(StepLogLine),
        nextOffset: Type.Integer(),
        complete: Type.Boolean({ description: 'The attempt has ended and this was its last line.' }),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const downloadStepOutput = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipeline-runs/:run/steps/:step/outputs/:output',
  permission: 'pipeline:read',
  alsoNeeds: ['data:read-rows'],
  responseBody: 'raw',
  schema: {
    operationId: 'downloadStepOutput',
    summary: 'Downloads an output of a step; of a directory the file that `path` names.',
    params: Type.Object({ ...StepParams.properties, output: PipelinePartName }),
    query: Type.Object({ path: Type.Optional(Type.String({ maxLength: 1000 })) }),
    response: { 403: Problem, 404: Problem },
  },
})

/** One time that a trigger was looked at, and what came of it. */
export const TriggerEvaluation = Type.Object({
  id: Type.String(),
  trigger: Type.String(),
  at: Millis,
  eventTime: Millis,
  outcome: Type.Union([
    Type.Literal('fired'),
    Type.Literal('cooling-down'),
    Type.Literal('already-running'),
    Type.Literal('no-match'),
    Type.Literal('accumulating'),
    Type.Literal('not-ready'),
    Type.Literal('failed'),
  ]),
  reason: Type.String(),
  refs: Type.Array(EventRef),
  run: Type.Union([Type.String(), Type.Null()]),
})
export type TriggerEvaluation = Static<typeof TriggerEvaluation>

/** A trigger with where it stands. */
export const PipelineTriggerState = Type.Object({
  ...PipelineTrigger.properties,
  /** schedule: the next event time at which it is due. */
  nextDue: Type.Union([Millis, Type.Null()]),
  cooldownUntil: Type.Union([Millis, Type.Null()]),
  /** Of a trigger that waits for rows: how many have come since it fired. */
  pendingRows: Type.Union([Type.Integer(), Type.Null()]),
  cadence: Type.Object({
    /** Time between two runs, in event time; null where it has none of its own. */
    everyMs: Type.Union([Type.Integer(), Type.Null()]),
    /** It starts when the run before has ended. */
    backToBack: Type.Boolean(),
    /** Of the newest runs that finished: the longest. */
    longestMs: Type.Union([Type.Integer(), Type.Null()]),
    lastRun: Type.Union([
      Type.Object({
        id: Type.String(),
        state: PipelineRunState,
        reason: Type.Union([Type.String(), Type.Null()]),
        finishedAt: Type.Union([Millis, Type.Null()]),
        durationMs: Type.Union([Type.Integer(), Type.Null()]),
      }),
      Type.Null(),
    ]),
    /** One sentence when a run takes nearly as long as the time between two. */
    warning: Type.Union([Type.String(), Type.Null()]),
  }),
  lastEvaluation: Type.Union([TriggerEvaluation, Type.Null()]),
})
export type PipelineTriggerState = Static<typeof PipelineTriggerState>

export const listPipelineTriggers = route({
  method: 'GET',
  url: '/api/v1/projects/:project/pipelines/:pipeline/triggers',
  permission: 'pipeline:read',
  schema: {
    operationId: 'listPipelineTriggers',
    summary: 'Lists the triggers of the newest version of a pipeline with their last evaluations, newest first.',
    params: PipelineParams,
    query: Type.Object({ ...PageQuery }),
    response: {
      200: Type.Object({
        triggers: Type.Array(PipelineTriggerState),
        evaluations: Type.Array(TriggerEvaluation),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const listMissingBlobs = route({
  method: 'POST',
  url: '/api/v1/projects/:project/blobs/missing',
  permission: 'run:write',
  schema: {
    operationId: 'listMissingBlobs',
    summary: 'Says which contents still have to be uploaded.',
    params: ProjectParams,
    body: Type.Object({ digests: Type.Array(Digest, { maxItems: 10_000 }) }, { additionalProperties: false }),
    response: { 200: Type.Object({ missing: Type.Array(Digest) }), 403: Problem, 404: Problem },
  },
})

export const putBlob = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/blobs/:digest',
  permission: 'run:write',
  requestBody: 'raw',
  bodyLimit: 17_179_869_184,
  schema: {
    operationId: 'putBlob',
    summary: 'Uploads content under its SHA-256; refused when the bytes have another digest.',
    params: Type.Object({ project: ProjectName, digest: Digest }),
    response: { 200: Type.Object({ digest: Digest, size: Type.Integer() }), 400: Problem, 403: Problem, 404: Problem },
  },
})
