import { type Static, type TSchema, Type } from 'typebox'
import { Digest, PageQuery, Problem, ProjectParams, ProjectName } from './common.ts'
import { route } from './route.ts'

/** A tracking run's id: 32 hex characters, as MLflow makes them. */
export const RunId = Type.String({
  pattern: '^[a-zA-Z0-9][\\w-]{0,255}$',
  description: 'Id of a run: 32 hex characters.',
})
/** An experiment's id: decimal, as MLflow makes them. */
export const ExperimentId = Type.String({
  pattern: '^[a-zA-Z0-9][\\w-]{0,63}$',
  description: 'Id of an experiment: decimal.',
})
/** A value of a metric; null is NaN. */
export const MetricValue = Type.Union([Type.Number(), Type.Null()], { description: 'null is NaN.' })

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const Tags = Type.Record(Type.String(), Type.String())
/** Tags to set; null removes one. */
const TagChanges = Type.Record(
  Type.String({ minLength: 1, maxLength: 250 }),
  Type.Union([Type.String({ maxLength: 8000 }), Type.Null()]),
)
export const Lifecycle = Type.Union([Type.Literal('active'), Type.Literal('deleted')])
export type Lifecycle = Static<typeof Lifecycle>
const View = Type.Optional(
  Type.Union([Type.Literal('active'), Type.Literal('deleted'), Type.Literal('all')], { default: 'active' }),
)
export const RunStatus = Type.Union([
  Type.Literal('RUNNING'),
  Type.Literal('SCHEDULED'),
  Type.Literal('FINISHED'),
  Type.Literal('FAILED'),
  Type.Literal('KILLED'),
])
export type RunStatus = Static<typeof RunStatus>

const ExperimentParams = Type.Object({ project: ProjectName, experiment: ExperimentId })
const RunParams = Type.Object({ project: ProjectName, run: RunId })
const LoggedModelParams = Type.Object({ project: ProjectName, loggedModel: RunId })
const PathQuery = Type.Object({ path: Type.String({ minLength: 1, maxLength: 2000 }) })

/** Which runs: `active` leaves out those in the archive, `archived` has only them, `all` has deleted ones as well. */
const RunViewChoice = Type.Optional(
  Type.Union([Type.Literal('active'), Type.Literal('archived'), Type.Literal('deleted'), Type.Literal('all')], {
    default: 'active',
  }),
)

/** A group of runs. */
export const Experiment = Type.Object({
  id: Type.String(),
  name: Type.String(),
  lifecycle: Lifecycle,
  createdAt: Type.Integer(),
  updatedAt: Type.Integer(),
  /** Markdown, from the tag `mlflow.note.content`. */
  note: Type.String(),
  tags: Tags,
  /** Active runs, and how many of them are running. */
  runs: Type.Integer(),
  running: Type.Integer(),
  lastRunAt: Type.Union([Type.Integer(), Type.Null()]),
})
export type Experiment = Static<typeof Experiment>

const runFields = {
  id: Type.String(),
  urn: Type.String(),
  name: Type.String(),
  experimentId: Type.String(),
  experiment: Type.String({ description: 'Name of the experiment.' }),
  status: RunStatus,
  lifecycle: Lifecycle,
  /** Since when it is in the archive. */
  archivedAt: Type.Union([Type.Integer(), Type.Null()]),
  /** What the policy that archived it says; null where somebody did, or nobody. */
  archivedBecause: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  user: Type.String(),
  startedAt: Type.Union([Type.Integer(), Type.Null()]),
  endedAt: Type.Union([Type.Integer(), Type.Null()]),
  /** The run that this one is nested in. */
  parent: Type.Union([Type.String(), Type.Null()]),
  /** URN of the pipeline run that started it. */
  pipelineRun: Type.Union([Type.String(), Type.Null()]),
}

/** A run in a list, with the columns that were asked for. */
export const RunRow = Type.Object({
  ...runFields,
  metrics: Type.Record(Type.String(), MetricValue),
  params: Tags,
  tags: Tags,
})
export type RunRow = Static<typeof RunRow>

/** One metric of a run: `last` is the point with the greatest (step, timestamp, value), as MLflow has it. */
export const MetricSummary = Type.Object({
  key: Type.String(),
  last: MetricValue,
  step: Type.Integer(),
  timestamp: Type.Integer(),
  min: MetricValue,
  max: MetricValue,
  count: Type.Integer(),
  nanCount: Type.Integer(),
  recovered: Type.Optional(Type.Integer({ description: 'Points that were computed from checkpoints after the run.' })),
})
export type MetricSummary = Static<typeof MetricSummary>

/** A dataset that a run read. `urn` is there when it is one of the project's own dataset versions. */
export const RunInput = Type.Object({
  name: Type.String(),
  digest: Type.String(),
  sourceType: Type.String(),
  source: Type.String(),
  context: Type.Union([Type.String(), Type.Null()]),
  urn: Type.Union([Type.String(), Type.Null()]),
})
export type RunInput = Static<typeof RunInput>

/** A model that a run logged (MLflow 3): its files are an artifact directory of its own. */
export const LoggedModel = Type.Object({
  id: Type.String(),
  name: Type.String(),
  experimentId: Type.String(),
  status: Type.Union([Type.Literal('PENDING'), Type.Literal('READY'), Type.Literal('UPLOAD_FAILED')]),
  modelType: Type.String(),
  sourceRun: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.Integer(),
  params: Tags,
  tags: Tags,
  metrics: Type.Record(Type.String(), MetricValue),
})
export type LoggedModel = Static<typeof LoggedModel>

/** A file or directory of a run or model; `path` is relative to its root. */
export const ArtifactEntry = Type.Object({
  path: Type.String(),
  isDirectory: Type.Boolean(),
  /** Bytes; of a directory everything below it. */
  size: Type.Integer(),
  digest: Type.Union([Type.String(), Type.Null()]),
})
export type ArtifactEntry = Static<typeof ArtifactEntry>

/** Everything about a run. */
export const RunDetail = Type.Object({
  ...runFields,
  note: Type.String(),
  params: Tags,
  metrics: Type.Array(MetricSummary),
  tags: Tags,
  inputs: Type.Array(RunInput),
  loggedModels: Type.Array(LoggedModel),
  /** Metrics of which points were computed from checkpoints after the run: how many, when and by whom the last. */
  recovered: Type.Array(
    Type.Object({ key: Type.String(), points: Type.Integer(), at: Type.Integer(), byName: Type.String() }),
  ),
  children: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), status: RunStatus })),
  artifacts: Type.Object({ files: Type.Integer(), bytes: Type.Integer() }),
  /** What it came from: dataset versions, commit, environment, pipeline run. */
  madeFrom: Type.Array(Type.Object({ urn: Type.String(), as: Type.String() })),
})
export type RunDetail = Static<typeof RunDetail>

/** Payload on the volatile channel `run.metrics`: points as they arrive. May drop; the page repairs itself by reading. */
export const RunMetricsMessage = Type.Object({
  run: Type.String(),
  points: Type.Array(
    Type.Object({ key: Type.String(), step: Type.Integer(), timestamp: Type.Integer(), value: MetricValue }),
  ),
})
export type RunMetricsMessage = Static<typeof RunMetricsMessage>

export const listExperiments = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments',
  permission: 'run:read',
  schema: {
    operationId: 'listExperiments',
    summary: 'Lists experiments, the one with the newest run first.',
    params: ProjectParams,
    query: Type.Object({ ...PageQuery, view: View }),
    response: {
      200: Type.Object({
        experiments: Type.Array(Experiment),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const createExperiment = route({
  method: 'POST',
  url: '/api/v1/projects/:project/experiments',
  permission: 'run:write',
  schema: {
    operationId: 'createExperiment',
    summary: 'Makes an experiment.',
    params: ProjectParams,
    body: Type.Object(
      { name: Type.String({ minLength: 1, maxLength: 500 }), note: Type.Optional(Type.String({ maxLength: 5000 })) },
      { additionalProperties: false },
    ),
    response: { 201: Experiment, 400: Problem, 403: Problem, 409: Problem },
  },
})

export const getExperiment = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment',
  permission: 'run:read',
  schema: {
    operationId: 'getExperiment',
    summary: 'Reads an experiment.',
    params: Type.Object({
      project: ProjectName,
      experiment: Type.String({ minLength: 1, maxLength: 500, description: 'Its name, or else its id.' }),
    }),
    response: { 200: Experiment, 403: Problem, 404: Problem },
  },
})

export const updateExperiment = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/experiments/:experiment',
  permission: 'run:write',
  schema: {
    operationId: 'updateExperiment',
    summary: 'Changes the name, the note or tags of an experiment.',
    params: ExperimentParams,
    body: Type.Object(
      {
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        note: Type.Optional(Type.String({ maxLength: 5000 })),
        tags: Type.Optional(TagChanges),
      },
      { additionalProperties: false },
    ),
    response: { 200: Experiment, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const deleteExperiment = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/experiments/:experiment',
  permission: 'run:write',
  schema: {
    operationId: 'deleteExperiment',
    summary: 'Moves an experiment and its runs to the trash; restoring brings them back.',
    params: ExperimentParams,
    response: { 200: Experiment, 403: Problem, 404: Problem },
  },
})

export const restoreExperiment = route({
  method: 'POST',
  url: '/api/v1/projects/:project/experiments/:experiment/restore',
  permission: 'run:write',
  schema: {
    operationId: 'restoreExperiment',
    summary: 'Brings an experiment and its runs back from the trash.',
    params: ExperimentParams,
    response: { 200: Experiment, 403: Problem, 404: Problem },
  },
})

/** Which metrics, parameters and tags the newest runs of an experiment have: the columns to choose from. `runs` counts among those looked at. */
export const listRunColumns = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-columns',
  permission: 'run:read',
  schema: {
    operationId: 'listRunColumns',
    summary: 'Lists the keys that the newest 2,000 runs have, the most frequent first.',
    params: ProjectParams,
    query: Type.Object({ experiment: Type.Optional(ExperimentId) }),
    response: {
      200: Type.Object({
        metrics: Type.Array(Type.Object({ key: Type.String(), runs: Type.Integer() })),
        params: Type.Array(Type.Object({ key: Type.String(), runs: Type.Integer() })),
        tags: Type.Array(Type.Object({ key: Type.String(), runs: Type.Integer() })),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

/**
 * Searches runs. `filter` is MLflow's grammar with `or`, `not` and parentheses: `metrics.auc > 0.6 and (params.kind = 'forest' or tags.team like 'ops%')`.
 * `order_by` is a comma-separated list of `metrics.auc desc`, `params.kind`, `start_time`; a missing value comes last. `columns` names what the rows carry: `metrics.auc,params.kind`, or `*`.
 */
export const searchRuns = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'searchRuns',
    summary: 'Searches runs with a filter, an order and chosen columns.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      experiment: Type.Optional(ExperimentId),
      filter: Type.Optional(Type.String({ maxLength: 4000 })),
      order_by: Type.Optional(Type.String({ maxLength: 2000 })),
      columns: Type.Optional(Type.String({ maxLength: 4000, default: '*' })),
      view: RunViewChoice,
    }),
    response: {
      200: Type.Object({
        runs: Type.Array(RunRow),
        total: Type.Integer(),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

/** Runs that share the values of some parameters or tags. `values` are in the order of `by`; null where the runs have none. */
export const RunGroup = Type.Object({
  values: Type.Array(Type.Union([Type.String(), Type.Null()])),
  runs: Type.Integer(),
  running: Type.Integer(),
  lastRunAt: Type.Union([Type.Integer(), Type.Null()]),
  /** Of the last values of runs that have ended; `low` and `high` are the mean's 95 % interval (Student's t), null below two values. */
  metrics: Type.Record(
    Type.String(),
    Type.Object({
      n: Type.Integer(),
      mean: Type.Number(),
      sd: NumberOrNull,
      low: NumberOrNull,
      high: NumberOrNull,
      min: Type.Number(),
      max: Type.Number(),
    }),
  ),
})
export type RunGroup = Static<typeof RunGroup>

export const groupRuns = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-groups',
  permission: 'run:read',
  schema: {
    operationId: 'groupRuns',
    summary: 'Groups runs by parameters or tags, with mean and spread of metrics.',
    params: ProjectParams,
    query: Type.Object({
      by: Type.String({
        minLength: 1,
        maxLength: 2000,
        description: 'One to three columns, comma-separated: `params.kind,tags.team`.',
      }),
      metrics: Type.Optional(
        Type.String({ maxLength: 4000, default: '', description: 'Columns, comma-separated: `metrics.auc`.' }),
      ),
      experiment: Type.Optional(ExperimentId),
      filter: Type.Optional(Type.String({ maxLength: 4000 })),
      view: RunViewChoice,
    }),
    response: {
      200: Type.Object({
        groups: Type.Array(RunGroup),
        /** How many groups there are; the answer has the 500 largest. */
        total: Type.Integer(),
        runs: Type.Integer(),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getRun = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run',
  permission: 'run:read',
  schema: {
    operationId: 'getRun',
    summary: 'Reads a run with its metrics, parameters, tags, inputs, models and origin.',
    params: RunParams,
    response: { 200: RunDetail, 403: Problem, 404: Problem },
  },
})

export const updateRun = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/runs/:run',
  permission: 'run:write',
  schema: {
    operationId: 'updateRun',
    summary: 'Changes the name, the note, tags or the experiment of a run.',
    params: RunParams,
    body: Type.Object(
      {
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
        experiment: Type.Optional(ExperimentId),
        note: Type.Optional(Type.String({ maxLength: 8000 })),
        tags: Type.Optional(TagChanges),
      },
      { additionalProperties: false },
    ),
    response: { 200: RunDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const deleteRun = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/runs/:run',
  permission: 'run:write',
  schema: {
    operationId: 'deleteRun',
    summary: 'Moves a run to the trash.',
    params: RunParams,
    response: { 200: RunDetail, 403: Problem, 404: Problem },
  },
})

export const restoreRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/restore',
  permission: 'run:write',
  schema: {
    operationId: 'restoreRun',
    summary: 'Brings a run back from the trash.',
    params: RunParams,
    response: { 200: RunDetail, 403: Problem, 404: Problem },
  },
})

/** One curve: points are [step, timestamp, value], by step; sampled to at most `points` with the extremes of each stretch and both ends kept. */
export const MetricSeries = Type.Object({
  run: Type.String(),
  key: Type.String(),
  points: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), MetricValue])),
  /** How many points there are in the range, before sampling. */
  total: Type.Integer(),
})
export type MetricSeries = Static<typeof MetricSeries>

export const getMetricSeries = route({
  method: 'GET',
  url: '/api/v1/projects/:project/metric-series',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getMetricSeries',
    summary: 'Reads curves of several runs, sampled for a chart.',
    params: ProjectParams,
    query: Type.Object({
      runs: Type.String({ minLength: 1, maxLength: 8000, description: 'Comma-separated run ids, at most 100.' }),
      keys: Type.String({ minLength: 1, maxLength: 8000, description: 'Comma-separated metric keys.' }),
      points: Type.Optional(Type.Integer({ minimum: 3, maximum: 5000, default: 320 })),
      from_step: Type.Optional(Type.Integer()),
      to_step: Type.Optional(Type.Integer()),
    }),
    response: { 200: Type.Object({ series: Type.Array(MetricSeries) }), 400: Problem, 403: Problem, 404: Problem },
  },
})

const ArtifactList = Type.Object({ path: Type.String(), entries: Type.Array(ArtifactEntry) })
const ArtifactQuery = Type.Object({
  path: Type.Optional(Type.String({ maxLength: 2000, default: '' })),
  recursive: Type.Optional(Type.Boolean({ default: false })),
})

export const listRunArtifacts = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/artifacts',
  permission: 'run:read',
  schema: {
    operationId: 'listRunArtifacts',
    summary: 'Lists files of a run.',
    params: RunParams,
    query: ArtifactQuery,
    response: { 200: ArtifactList, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const addRunArtifact = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/artifacts',
  permission: 'run:write',
  schema: {
    operationId: 'addRunArtifact',
    summary: 'Makes the content of a finished upload of the caller a file of a run.',
    params: RunParams,
    body: Type.Object(
      {
        path: Type.String({ minLength: 1, maxLength: 1000 }),
        upload: Type.String({ pattern: '^upl_[0-9a-zA-Z]+$', maxLength: 80 }),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ digest: Digest, size: Type.Integer() }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})

export const downloadRunArtifact = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/artifacts/file',
  permission: 'run:read',
  responseBody: 'raw',
  schema: {
    operationId: 'downloadRunArtifact',
    summary: 'Downloads a file of a run; Range is honoured.',
    params: RunParams,
    query: PathQuery,
    response: { 400: Problem, 403: Problem, 404: Problem },
  },
})

export const listLoggedModelArtifacts = route({
  method: 'GET',
  url: '/api/v1/projects/:project/logged-models/:loggedModel/artifacts',
  permission: 'run:read',
  schema: {
    operationId: 'listLoggedModelArtifacts',
    summary: 'Lists files of a logged model.',
    params: LoggedModelParams,
    query: ArtifactQuery,
    response: { 200: ArtifactList, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const downloadLoggedModelArtifact = route({
  method: 'GET',
  url: '/api/v1/projects/:project/logged-models/:loggedModel/artifacts/file',
  permission: 'run:read',
  responseBody: 'raw',
  schema: {
    operationId: 'downloadLoggedModelArtifact',
    summary: 'Downloads a file of a logged model; Range is honoured.',
    params: LoggedModelParams,
    query: PathQuery,
    response: { 400: Problem, 403: Problem, 404: Problem },
  },
})

const compared = <T extends TSchema>(value: T) =>
  Type.Array(
    Type.Object({ key: Type.String(), differs: Type.Boolean(), values: Type.Array(Type.Union([value, Type.Null()])) }),
  )

/** Whether a greater value of a metric is better. */
export const RunMetricDirection = Type.Union([Type.Literal('higher-is-better'), Type.Literal('lower-is-better')])
export type RunMetricDirection = Static<typeof RunMetricDirection>

/**
 * What the repeats of two configurations show about a metric: the difference of the means (this run's configuration minus the
 * baseline's), its 95 % interval by Welch's t, and p after Holm's correction over all comparisons of the answer.
 */
export const RunJudgement = Type.Object({
  verdict: Type.Union([
    Type.Literal('better'),
    Type.Literal('worse'),
    Type.Literal('no clear change'),
    Type.Literal('cannot judge yet'),
  ]),
  /** Why: `5 runs against 5`, `one run each`. */
  reason: Type.String(),
  difference: NumberOrNull,
  low: NumberOrNull,
  high: NumberOrNull,
  p: NumberOrNull,
})
export type RunJudgement = Static<typeof RunJudgement>

const ComparedMetric = Type.Object({
  key: Type.String(),
  differs: Type.Boolean(),
  values: Type.Array(Type.Union([MetricSummary, Type.Null()])),
  direction: Type.Union([RunMetricDirection, Type.Null()]),
  /** The name says so (`log_loss`), or the caller chose; null where nobody knows. */
  directionFrom: Type.Union([Type.Literal('name'), Type.Literal('choice'), Type.Null()]),
  /** Mean and standard deviation of the repeats' last values, one entry a run; `sd` is null for one value. */
  repeats: Type.Array(Type.Object({ n: Type.Integer(), mean: NumberOrNull, sd: NumberOrNull })),
  /** One entry a run; null for the baseline. */
  judgements: Type.Array(Type.Union([RunJudgement, Type.Null()])),
})

/** Runs side by side, in the order asked for: the first is the baseline. `values` has one entry a run; null where it has none. */
export const RunComparison = Type.Object({
  runs: Type.Array(Type.Object(runFields)),
  params: compared(Type.String()),
  tags: compared(Type.String()),
  metrics: Type.Array(ComparedMetric),
  /** Dataset inputs by name: the digest. */
  inputs: compared(Type.String()),
  /** Finished runs of the same configuration, one entry a run: same experiment, data, commit and parameters, but for the seed; of several with one seed the newest. */
  repeats: Type.Array(Type.Array(Type.Object({ id: Type.String(), name: Type.String() }))),
  /** Parameters that were taken for seeds: `seed`, `random_state`. */
  seeds: Type.Array(Type.String()),
  /** How many comparisons p is corrected for (Holm). */
  comparisons: Type.Integer(),
})
export type RunComparison = Static<typeof RunComparison>

export const compareRuns = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-comparison',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'compareRuns',
    summary:
      'Compares two or more runs: parameters, metrics, tags and inputs, which of them differ, and what repeats of their configurations show.',
    params: ProjectParams,
    query: Type.Object({
      runs: Type.String({
        minLength: 1,
        maxLength: 2000,
        description: 'Comma-separated run ids, 2 to 20; the first is the baseline.',
      }),
      higher: Type.Optional(
        Type.String({ maxLength: 4000, description: 'Comma-separated metrics of which more is better.' }),
      ),
      lower: Type.Optional(
        Type.String({ maxLength: 4000, description: 'Comma-separated metrics of which less is better.' }),
      ),
    }),
    response: { 200: RunComparison, 400: Problem, 403: Problem, 404: Problem },
  },
})
