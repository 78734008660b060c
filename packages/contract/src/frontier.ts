import { type Static, Type } from 'typebox'
import { EntityName, Problem, ProjectName, ProjectParams } from './common.ts'
import { Baseline } from './baselines.ts'
import { Factor } from './exploration.ts'
import { route } from './route.ts'
import { ExperimentId, RunId, RunMetricDirection, RunStatus } from './tracking.ts'

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const MillisOrNull = Type.Union([Type.Integer(), Type.Null()])
const TextOrNull = Type.Union([Type.String(), Type.Null()])
const RunName = Type.Object({ id: Type.String(), name: Type.String() })
const ExperimentParams = Type.Object({ project: ProjectName, experiment: ExperimentId })
const IdeaParams = Type.Object({ project: ProjectName, idea: Type.String({ pattern: '^ide_[0-9a-z]{1,60}$' }) })

/** Tag by which a run says which idea it tries; `mlflow.set_tag` sets it as any other. */
export const ideaTag = 'trivium.idea'
/** Tag that says what a run or a sweep is expected to show; `trivium experiment run` sets it as the run starts. */
export const hypothesisTag = 'trivium.hypothesis'

/** Open: somebody thinks so. Chosen: it is being tried. Dropped: it is not worth it. Concluded: tried, with an outcome. */
export const IdeaState = Type.Union([
  Type.Literal('open'),
  Type.Literal('chosen'),
  Type.Literal('dropped'),
  Type.Literal('concluded'),
])
export type IdeaState = Static<typeof IdeaState>
/** What trying an idea showed of its hypothesis. */
export const IdeaOutcome = Type.Union([Type.Literal('supported'), Type.Literal('refuted'), Type.Literal('unclear')])
export type IdeaOutcome = Static<typeof IdeaOutcome>

const title = Type.String({ minLength: 1, maxLength: 200 })
const hypothesis = Type.String({
  maxLength: 4000,
  description: 'What is expected, and why. Best written before the first run.',
})
const source = Type.String({ maxLength: 200, description: 'Where it comes from: domain expert, a paper, an incident.' })

/** Something worth trying in an experiment, and what came of it. */
export const Idea = Type.Object({
  id: Type.String(),
  experiment: Type.String(),
  title: Type.String(),
  hypothesis: Type.String(),
  source: Type.String(),
  state: IdeaState,
  outcome: Type.Union([IdeaOutcome, Type.Null()]),
  reason: Type.String({ description: 'Why it was dropped, or concluded so.' }),
  createdAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
  /** When the hypothesis was last written; and whether that was before its first run began. */
  hypothesisAt: MillisOrNull,
  hypothesisFirst: Type.Union([Type.Boolean(), Type.Null()]),
  decidedAt: MillisOrNull,
  decidedByName: TextOrNull,
  /** Runs that carry its tag. */
  runs: Type.Integer(),
  running: Type.Integer(),
  firstRunAt: MillisOrNull,
  /** When its first run finished well: from then on it counts as evaluated. */
  evaluatedAt: MillisOrNull,
  /** Durations of its runs, added up. */
  spentMs: Type.Integer(),
})
export type Idea = Static<typeof Idea>

export const listIdeas = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/ideas',
  permission: 'run:read',
  schema: {
    operationId: 'listIdeas',
    summary: 'Lists the ideas of an experiment, the newest first, with what their runs came to.',
    params: ExperimentParams,
    response: { 200: Type.Object({ ideas: Type.Array(Idea) }), 403: Problem, 404: Problem },
  },
})

export const addIdea = route({
  method: 'POST',
  url: '/api/v1/projects/:project/experiments/:experiment/ideas',
  permission: 'run:write',
  schema: {
    operationId: 'addIdea',
    summary: 'Adds an idea to an experiment.',
    params: ExperimentParams,
    body: Type.Object(
      { title, hypothesis: Type.Optional(hypothesis), source: Type.Optional(source) },
      { additionalProperties: false },
    ),
    response: { 201: Idea, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const changeIdea = route({
  method: 'PATCH',
  url: '/api/v1/projects/:project/ideas/:idea',
  permission: 'run:write',
  schema: {
    operationId: 'changeIdea',
    summary:
      'Chooses, drops, concludes or reopens an idea, or changes its words. Choosing needs a hypothesis; dropping and concluding a reason.',
    params: IdeaParams,
    body: Type.Object(
      {
        title: Type.Optional(title),
        hypothesis: Type.Optional(hypothesis),
        source: Type.Optional(source),
        state: Type.Optional(IdeaState),
        outcome: Type.Optional(IdeaOutcome),
        reason: Type.Optional(Type.String({ maxLength: 2000 })),
      },
      { additionalProperties: false },
    ),
    response: { 200: Idea, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const linkIdeaRuns = route({
  method: 'POST',
  url: '/api/v1/projects/:project/ideas/:idea/runs',
  permission: 'run:write',
  schema: {
    operationId: 'linkIdeaRuns',
    summary: 'Says of runs that they try an idea, or no longer: sets or removes the tag trivium.idea.',
    params: IdeaParams,
    body: Type.Object(
      {
        runs: Type.Array(RunId, { minItems: 1, maxItems: 100 }),
        linked: Type.Optional(Type.Boolean({ default: true })),
      },
      { additionalProperties: false },
    ),
    response: { 200: Idea, 400: Problem, 403: Problem, 404: Problem },
  },
})

/** A value of a factor, or a stretch of numbers, and what runs with it came to. */
export const TriedValue = Type.Object({
  label: Type.String(),
  runs: Type.Integer(),
  /** Of the runs that finished with the metric. */
  n: Type.Integer(),
  mean: NumberOrNull,
  best: NumberOrNull,
})
export type TriedValue = Static<typeof TriedValue>

/** Something that was never tried, with the reason why it may be worth it. People choose. */
export const FrontierSuggestion = Type.Object({
  kind: Type.Union([
    Type.Literal('idea'),
    Type.Literal('repeat'),
    Type.Literal('edge'),
    Type.Literal('pair'),
    Type.Literal('data'),
    Type.Literal('feature'),
  ]),
  text: Type.String(),
  why: Type.String(),
  /** The idea that it is, where it is one. */
  idea: TextOrNull,
  /** Runs that the reason rests on. */
  evidence: Type.Array(RunName),
})
export type FrontierSuggestion = Static<typeof FrontierSuggestion>

/** A run of the frontier and what it was built on. */
export const FrontierRun = Type.Object({
  ...RunName.properties,
  status: RunStatus,
  startedAt: MillisOrNull,
  value: NumberOrNull,
  /** The run that it was built on, and why that one. */
  parent: TextOrNull,
  parentWhy: TextOrNull,
  idea: TextOrNull,
  /** It was the best when it ended. */
  record: Type.Boolean(),
})
export type FrontierRun = Static<typeof FrontierRun>

/** What was tried for a model problem, what is running, what never was, and what it cost. */
export const Frontier = Type.Object({
  /** An experiment, or the experiments whose runs became versions of a model. */
  problem: Type.Object({
    kind: Type.Union([Type.Literal('experiment'), Type.Literal('model')]),
    name: Type.String(),
    experiments: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
  }),
  /** Null where no run has a metric. */
  metric: TextOrNull,
  direction: Type.Union([RunMetricDirection, Type.Null()]),
  /** Metrics to choose from, the most frequent first. */
  metrics: Type.Array(Type.String()),
  looked: Type.Integer(),
  truncated: Type.Boolean(),
  tried: Type.Object({
    runs: Type.Integer(),
    configurations: Type.Integer(),
    running: Type.Integer(),
    failed: Type.Integer(),
  }),
  running: Type.Array(Type.Object({ ...RunName.properties, startedAt: MillisOrNull, idea: TextOrNull })),
  ideas: Type.Array(Idea),
  /** Compute against what was learned. */
  spent: Type.Object({
    totalMs: Type.Integer(),
    failedMs: Type.Integer(),
    /** Since the best value was reached; null without a best. */
    sinceBestMs: MillisOrNull,
    /** Each new best in the order of time: `low` and `high` are the 95 % interval of its configuration's mean, null below two repeats. */
    records: Type.Array(
      Type.Object({
        run: RunName,
        at: Type.Integer(),
        value: Type.Number(),
        spentMs: Type.Integer(),
        n: Type.Integer(),
        mean: NumberOrNull,
        low: NumberOrNull,
        high: NumberOrNull,
      }),
    ),
  }),
  /** What was varied, and which values were tried; a factor that never varied has one. */
  space: Type.Array(
    Type.Object({
      kind: Type.Union([Factor.properties.kind, Type.Literal('feature')]),
      key: Type.String(),
      type: Type.Union([Type.Literal('number'), Type.Literal('category')]),
      values: Type.Array(TriedValue),
      /** Different values. */
      distinct: Type.Integer(),
    }),
  ),
  /** The newest runs, and what each was built on. */
  runs: Type.Array(FrontierRun),
  /** Runs with five children or more, and whether somebody said before what was expected. */
  sweeps: Type.Array(
    Type.Object({
      ...RunName.properties,
      children: Type.Integer(),
      startedAt: MillisOrNull,
      idea: TextOrNull,
      /** `noted`: the run's tag `trivium.hypothesis` says it, and not when that was written. */
      hypothesis: Type.Union([Type.Literal('before'), Type.Literal('after'), Type.Literal('noted'), Type.Null()]),
      /** What is expected; empty where nobody has said it. */
      expected: Type.Optional(Type.String()),
    }),
  ),
  suggestions: Type.Array(FrontierSuggestion),
  /** Published results for the metric, of these experiments. */
  baselines: Type.Array(Baseline),
})
export type Frontier = Static<typeof Frontier>

export const getFrontier = route({
  method: 'GET',
  url: '/api/v1/projects/:project/frontier',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getFrontier',
    summary: 'Reads what was tried for an experiment or a model, what runs, what never was tried, and what it cost.',
    params: ProjectParams,
    query: Type.Object({
      experiment: Type.Optional(ExperimentId),
      model: Type.Optional(EntityName),
      metric: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
      direction: Type.Optional(RunMetricDirection),
    }),
    response: { 200: Frontier, 400: Problem, 403: Problem, 404: Problem },
  },
})

/** How long ideas took to become a trained model: the median, and its 95 % interval from order statistics (null below six). */
export const IdeaTimes = Type.Object({
  n: Type.Integer(),
  medianMs: NumberOrNull,
  lowMs: NumberOrNull,
  highMs: NumberOrNull,
})
export type IdeaTimes = Static<typeof IdeaTimes>

/** How fast ideas are tried. An idea is evaluated when its first run has finished well. */
export const Velocity = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  /** Whole weeks from Monday, UTC, the oldest first; the last one is still going. */
  weeks: Type.Array(
    Type.Object({
      start: Type.Integer(),
      added: Type.Integer(),
      evaluated: Type.Integer(),
      runs: Type.Integer({ description: 'Runs that ended.' }),
      failed: Type.Integer(),
    }),
  ),
  /** Of the ideas that were evaluated in these weeks: from when somebody wrote them down to the end of their first finished run. */
  ideaToModel: IdeaTimes,
  targetMs: Type.Integer({ description: 'One day.' }),
  /** Whoever added ideas, or ran the first finished run of one; the most evaluated first. */
  people: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      added: Type.Integer(),
      evaluated: Type.Integer(),
      ideaToModel: IdeaTimes,
    }),
  ),
})
export type Velocity = Static<typeof Velocity>

export const getVelocity = route({
  method: 'GET',
  url: '/api/v1/projects/:project/velocity',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getVelocity',
    summary: 'Reads how many ideas are evaluated a week and how long they take to become a trained model, by person.',
    params: ProjectParams,
    query: Type.Object({ weeks: Type.Optional(Type.Integer({ minimum: 1, maximum: 104, default: 12 })) }),
    response: { 200: Velocity, 403: Problem, 404: Problem },
  },
})
