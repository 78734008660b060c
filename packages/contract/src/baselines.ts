import { type Static, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunId, RunMetricDirection } from './tracking.ts'

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const TextOrNull = Type.Union([Type.String(), Type.Null()])
const MillisOrNull = Type.Union([Type.Integer(), Type.Null()])
const RunName = Type.Object({ id: Type.String(), name: Type.String() })
const BaselineId = Type.String({ pattern: '^bsl_[0-9a-z]{1,60}$' })
const BaselineParams = Type.Object({ project: ProjectName, baseline: BaselineId })
const exact = { additionalProperties: false }

/** Tag by which a run says which published baseline it reproduces; `mlflow.set_tag` sets it as any other. */
export const baselineTag = 'trivium.baseline'
/** Beginning of the tag of a run or experiment that says how a metric is computed: `trivium.metric.auc`. */
export const metricDefinitionTag = 'trivium.metric.'

const repeats = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'How many runs it was measured on.' })
const maybeRepeats = Type.Optional(Type.Union([repeats, Type.Null()]))

/** The uncertainty that was published with a value. */
export const PublishedSpread = Type.Union([
  Type.Object({ kind: Type.Literal('none') }, { ...exact, description: 'No uncertainty was published.' }),
  Type.Object(
    { kind: Type.Literal('sd'), sd: Type.Number({ minimum: 0 }), repeats: maybeRepeats },
    { ...exact, description: 'The standard deviation of repeats.' },
  ),
  Type.Object(
    { kind: Type.Literal('se'), se: Type.Number({ minimum: 0 }), repeats: maybeRepeats },
    { ...exact, description: 'The standard error of the mean of repeats.' },
  ),
  Type.Object(
    {
      kind: Type.Literal('interval'),
      low: Type.Number(),
      high: Type.Number(),
      level: Type.Optional(Type.Number({ minimum: 0.5, maximum: 0.9999, default: 0.95 })),
      repeats: maybeRepeats,
    },
    { ...exact, description: 'A confidence interval of the mean.' },
  ),
  Type.Object(
    { kind: Type.Literal('range'), low: Type.Number(), high: Type.Number(), repeats: maybeRepeats },
    { ...exact, description: 'The least and the greatest of the repeats.' },
  ),
])
export type PublishedSpread = Static<typeof PublishedSpread>

const text = (maxLength: number, description: string) => Type.String({ maxLength, description })
const needed = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })

/** What is known of a published result: enough to measure the same again. */
export const BaselineRecord = {
  name: needed(200, 'Short, as it stands in tables: `ResNet-50 (He 2016)`.'),
  source: Type.Object(
    {
      title: needed(500, 'The paper, page or report.'),
      url: text(2000, 'Where it is read: http or https. May be empty.'),
      published: Type.String({
        pattern: '^(\\d{4}(-\\d{2}(-\\d{2})?)?)?$',
        description: 'When: 2016, 2016-06 or 2016-06-27. May be empty.',
      }),
    },
    exact,
  ),
  task: needed(500, 'What is predicted from what.'),
  dataset: Type.Object(
    {
      name: needed(300, 'What it is called.'),
      version: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        description: 'Version of our dataset of this name; null where the data is not here.',
      }),
      digest: text(200, 'Of a dataset that is not here, as runs log it. Empty for one of ours: its own is taken.'),
    },
    exact,
  ),
  split: text(100, 'Which part it was measured on, as runs log the context of a dataset: test. Empty: all of it.'),
  metric: Type.String({ minLength: 1, maxLength: 250, description: 'The key under which own runs log it.' }),
  definition: needed(4000, 'How it is computed: averaging, threshold, weights, what is left out.'),
  direction: RunMetricDirection,
  value: Type.Number(),
  spread: PublishedSpread,
  protocol: needed(20_000, 'Markdown: how it was trained and measured, step by step.'),
  params: Type.Record(Type.String({ minLength: 1, maxLength: 250 }), Type.String({ maxLength: 6000 }), {
    maxProperties: 200,
    description: 'Parameters, under the names that own runs log.',
  }),
  seeds: Type.Array(Type.String({ maxLength: 100 }), { maxItems: 100 }),
  code: text(2000, 'Repository and commit, or another exact reference. May be empty.'),
}

/** A published or external result with its exact protocol. It is not edited: a correction is another baseline, and the wrong one is retired. */
export const Baseline = Type.Object({
  id: Type.String(),
  experiment: Type.String(),
  ...BaselineRecord,
  /** SHA-256 of the record: two baselines that say the same have the same one. */
  record: Type.String(),
  createdAt: Type.Integer(),
  createdByName: Type.String(),
  /** Since when, and why, it is no longer shown beside runs. */
  retiredAt: MillisOrNull,
  retiredReason: TextOrNull,
  /** Runs in use that say they reproduce it. */
  reproductions: Type.Integer(),
})
export type Baseline = Static<typeof Baseline>

/** Whether a run measured what a baseline says; each part that decides it, with both sides. */
export const Comparability = Type.Object({
  /** `unknown`: the run does not record enough to say. */
  state: Type.Union([Type.Literal('comparable'), Type.Literal('not comparable'), Type.Literal('unknown')]),
  parts: Type.Array(
    Type.Object({
      part: Type.Union([Type.Literal('dataset'), Type.Literal('split'), Type.Literal('metric')]),
      /** `assumed`: nothing here says how the metric is computed, so the baseline's words are taken. */
      state: Type.Union([
        Type.Literal('same'),
        Type.Literal('differs'),
        Type.Literal('not recorded'),
        Type.Literal('assumed'),
      ]),
      published: Type.String(),
      own: TextOrNull,
    }),
  ),
})
export type Comparability = Static<typeof Comparability>

/** What the repeats of a run show beside a published value. */
export const BaselineJudgement = Type.Object({
  baseline: Type.String(),
  run: Type.String(),
  comparability: Comparability,
  /** The run's own value, and the mean of its repeats with the mean's 95 % interval by Student's t. */
  value: NumberOrNull,
  n: Type.Integer(),
  mean: NumberOrNull,
  sd: NumberOrNull,
  low: NumberOrNull,
  high: NumberOrNull,
  /** Mean less published value, with its 95 % interval; null where they cannot be compared. */
  difference: Type.Union([
    Type.Object({
      value: Type.Number(),
      low: Type.Number(),
      high: Type.Number(),
      p: Type.Number({ description: 'Corrected by Holm over all judgements of the answer.' }),
      /** Welch's t against the published spread, or one sample against a number that is taken as exact. */
      method: Type.Union([Type.Literal('welch'), Type.Literal('one-sample')]),
    }),
    Type.Null(),
  ]),
  verdict: Type.Union([
    Type.Literal('better'),
    Type.Literal('worse'),
    Type.Literal('no clear change'),
    Type.Literal('cannot judge yet'),
    Type.Literal('not comparable'),
  ]),
  reason: Type.String(),
  /** Whether the run lies where one more run of the published protocol is expected. */
  spread: Type.Object({
    verdict: Type.Union([Type.Literal('in range'), Type.Literal('out of range'), Type.Literal('cannot judge yet')]),
    low: NumberOrNull,
    high: NumberOrNull,
    reason: Type.String(),
  }),
  /** The run says that it reproduces this baseline. */
  reproduces: Type.Boolean(),
  /** Parameters of the protocol that the run has otherwise, or not at all. */
  deviations: Type.Array(Type.Object({ key: Type.String(), published: Type.String(), own: TextOrNull })),
})
export type BaselineJudgement = Static<typeof BaselineJudgement>

export const listBaselines = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/baselines',
  permission: 'run:read',
  schema: {
    operationId: 'listBaselines',
    summary: 'Lists the published baselines of an experiment, the newest first.',
    params: Type.Object({ project: ProjectName, experiment: ExperimentId }),
    query: Type.Object({
      retired: Type.Optional(Type.Boolean({ default: false, description: 'Those that were retired, too.' })),
    }),
    response: { 200: Type.Object({ baselines: Type.Array(Baseline) }), 403: Problem, 404: Problem },
  },
})

export const addBaseline = route({
  method: 'POST',
  url: '/api/v1/projects/:project/experiments/:experiment/baselines',
  permission: 'run:write',
  schema: {
    operationId: 'addBaseline',
    summary: 'Stores a published result with its exact protocol as a baseline of an experiment.',
    params: Type.Object({ project: ProjectName, experiment: ExperimentId }),
    body: Type.Object(BaselineRecord, exact),
    response: { 201: Baseline, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const getBaseline = route({
  method: 'GET',
  url: '/api/v1/projects/:project/baselines/:baseline',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getBaseline',
    summary: 'Reads a baseline, and how the newest twenty runs that reproduce it came out.',
    params: BaselineParams,
    response: {
      200: Type.Object({
        baseline: Baseline,
        experimentName: Type.String(),
        runs: Type.Array(RunName),
        judgements: Type.Array(BaselineJudgement),
        comparisons: Type.Integer({ description: 'How many p was corrected for.' }),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const retireBaseline = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/baselines/:baseline',
  permission: 'run:write',
  schema: {
    operationId: 'retireBaseline',
    summary: 'Retires a baseline with a reason, or takes it back into use.',
    params: BaselineParams,
    body: Type.Object({ retired: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 2000 })) }, exact),
    response: { 200: Baseline, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const linkReproductions = route({
  method: 'POST',
  url: '/api/v1/projects/:project/baselines/:baseline/runs',
  permission: 'run:write',
  schema: {
    operationId: 'linkReproductions',
    summary: 'Says of runs that they reproduce a baseline, or no longer: sets or removes the tag trivium.baseline.',
    params: BaselineParams,
    body: Type.Object(
      {
        runs: Type.Array(RunId, { minItems: 1, maxItems: 100 }),
        linked: Type.Optional(Type.Boolean({ default: true })),
      },
      exact,
    ),
    response: { 200: Baseline, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const judgeBaselines = route({
  method: 'GET',
  url: '/api/v1/projects/:project/baseline-judgements',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'judgeBaselines',
    summary: 'Judges runs against the published baselines of their experiments: intervals, and what is not comparable.',
    params: ProjectParams,
    query: Type.Object({
      runs: Type.String({
        minLength: 1,
        maxLength: 1000,
        description: 'Ids of one to twenty runs, separated by commas.',
      }),
    }),
    response: {
      200: Type.Object({
        baselines: Type.Array(Baseline),
        runs: Type.Array(RunName),
        judgements: Type.Array(BaselineJudgement),
        comparisons: Type.Integer({ description: 'How many p was corrected for.' }),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
