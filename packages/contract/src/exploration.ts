import { type Static, Type } from 'typebox'
import { PageQuery, Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunId, RunMetricDirection, RunStatus } from './tracking.ts'

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const TextOrNull = Type.Union([Type.String(), Type.Null()])
const RunName = Type.Object({ id: Type.String(), name: Type.String() })
const ExperimentParams = Type.Object({ project: ProjectName, experiment: ExperimentId })
const RunParams = Type.Object({ project: ProjectName, run: RunId })
const MetricKey = Type.String({ minLength: 1, maxLength: 250, description: 'A metric key, without `metrics.`.' })
const Direction = Type.Optional(RunMetricDirection)

/** What a run was made with that can differ between runs: a parameter, the data that it read, its code, its environment. */
export const Factor = Type.Object({
  kind: Type.Union([Type.Literal('param'), Type.Literal('data'), Type.Literal('code'), Type.Literal('environment')]),
  /** The parameter's key, or the name of the dataset; `commit` and `environment` for the others. */
  key: Type.String(),
})
export type Factor = Static<typeof Factor>

/** How much of a metric's differences one factor explains. */
export const FactorImportance = Type.Object({
  ...Factor.properties,
  type: Type.Union([Type.Literal('number'), Type.Literal('category')]),
  /** How many different values the runs have. */
  values: Type.Integer(),
  /** Runs that have it. */
  runs: Type.Integer(),
  /**
   * Mean rise of the out-of-bag squared error when the factor's values are shuffled, as a share of the metric's variance; 0 where it says nothing.
   * `low` and `high`: 95 % interval over forests grown from different samples of the runs.
   */
  importance: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
  /** Spearman's rank correlation with the metric; null for categories. */
  correlation: NumberOrNull,
})
export type FactorImportance = Static<typeof FactorImportance>

/** What the best runs have in common, and the others have not. */
export const SharedTrait = Type.Object({
  ...Factor.properties,
  /** In words: `0.01 to 0.1`, or the value. */
  best: Type.String(),
  rest: Type.String(),
  /** A category: which share of the best and of the rest has the value. A number: null. */
  shareOfBest: NumberOrNull,
  shareOfRest: NumberOrNull,
  /** Fisher's exact test of a category, Kolmogorov and Smirnov's of a number; corrected by Benjamini and Hochberg over all that were looked at. */
  p: Type.Number(),
})
export type SharedTrait = Static<typeof SharedTrait>

/** Runs of one configuration: parameters but for the seed, data and commit are the same. */
export const ConfigurationGroup = Type.Object({
  /** SHA-256 of the configuration. */
  key: Type.String(),
  runs: Type.Array(RunName, { description: 'The newest first, at most 20.' }),
  count: Type.Integer(),
  /** Runs whose seed another run of the group has too, or that have none: they add no evidence. */
  redundant: Type.Integer(),
  n: Type.Integer({ description: 'Finished runs of different seeds with the metric.' }),
  mean: NumberOrNull,
  sd: NumberOrNull,
})
export type ConfigurationGroup = Static<typeof ConfigurationGroup>

/** What explains the differences of a metric over the runs of an experiment. */
export const Explanation = Type.Object({
  metric: Type.String(),
  direction: Type.Union([RunMetricDirection, Type.Null()]),
  /** Finished runs with a number for the metric; and how many of the newest were looked at. */
  runs: Type.Integer(),
  looked: Type.Integer(),
  /** True where the experiment has more runs than were looked at. */
  truncated: Type.Boolean(),
  spread: Type.Union([
    Type.Object({ mean: Type.Number(), sd: NumberOrNull, min: Type.Number(), max: Type.Number() }),
    Type.Null(),
  ]),
  /** The forest: `explained` is its out-of-bag R². Null with too few runs; `reason` says so. */
  fit: Type.Union([
    Type.Object({
      trees: Type.Integer(),
      forests: Type.Integer(),
      explained: Type.Number(),
      low: Type.Number(),
      high: Type.Number(),
    }),
    Type.Null(),
  ]),
  reason: TextOrNull,
  /** The most important first. */
  importance: Type.Array(FactorImportance),
  /** What was left out and why: never varied, or different in nearly every run. */
  leftOut: Type.Array(Type.Object({ ...Factor.properties, why: Type.String() })),
  /** The best tenth, at least 5 runs; empty where nobody knows which direction is better. */
  best: Type.Object({
    runs: Type.Integer(),
    top: Type.Array(Type.Object({ ...RunName.properties, value: Type.Number() })),
    shared: Type.Array(SharedTrait),
  }),
  repeats: Type.Object({
    /** Configurations that were run more than once, the most often first, at most 50. */
    groups: Type.Array(ConfigurationGroup),
    configurations: Type.Integer(),
    redundantRuns: Type.Integer(),
  }),
  /** Runs that no other one beats in both the metric and the time it took; the rest is dominated. */
  front: Type.Object({
    runs: Type.Array(Type.Object({ ...RunName.properties, value: Type.Number(), tookMs: Type.Integer() })),
    dominated: Type.Integer(),
  }),
})
export type Explanation = Static<typeof Explanation>

export const explainMetric = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/explanation',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'explainMetric',
    summary:
      'Explains the differences of a metric over the runs of an experiment: importance of parameters, data and code, what the best share, which are repeats.',
    params: ExperimentParams,
    query: Type.Object({
      metric: MetricKey,
      direction: Direction,
      filter: Type.Optional(Type.String({ maxLength: 4000, description: 'Which runs, as `searchRuns` takes it.' })),
    }),
    response: { 200: Explanation, 400: Problem, 403: Problem, 404: Problem, 429: Problem },
  },
})

/** A record that a sentence of a draft rests on. */
export const DraftEvidence = Type.Object({
  /** In words: `learning_rate of base-3`. */
  label: Type.String(),
  /** The run whose record it is. */
  run: Type.String(),
  /** Where on the run: its tab. */
  at: Type.Union([
    Type.Literal('run'),
    Type.Literal('metrics'),
    Type.Literal('params'),
    Type.Literal('data'),
    Type.Literal('code'),
    Type.Literal('environment'),
    Type.Literal('log'),
    Type.Literal('comparison'),
  ]),
})
export type DraftEvidence = Static<typeof DraftEvidence>

/** One sentence of a draft, made from records only. */
export const DraftSentence = Type.Object({
  part: Type.Union([Type.Literal('changed'), Type.Literal('happened'), Type.Literal('reason')]),
  text: Type.String(),
  evidence: Type.Array(DraftEvidence, { minItems: 1 }),
})
export type DraftSentence = Static<typeof DraftSentence>

const NoteOf = Type.Union([Type.Literal('run'), Type.Literal('group')], {
  description: 'The run itself, or the group of repeats that it is in.',
})

/** A draft that somebody confirmed, as it was or edited. */
export const ConfirmedNote = Type.Object({
  text: Type.String({ description: 'Markdown.' }),
  edited: Type.Boolean(),
  by: Type.String(),
  byName: Type.String(),
  at: Type.Integer(),
  /** False where the records say something else now than when it was confirmed. */
  current: Type.Boolean(),
})
export type ConfirmedNote = Static<typeof ConfirmedNote>

/** What changed in a run or a group of repeats against its parent, what happened, and the likely reason; and what a person made of it. */
export const RunDraft = Type.Object({
  of: NoteOf,
  run: Type.Object({ ...RunName.properties, status: RunStatus, endedAt: Type.Union([Type.Integer(), Type.Null()]) }),
  /** The repeats, where it is of a group. */
  members: Type.Array(RunName),
  /** What it is compared with, and why that one. */
  parent: Type.Union([Type.Object({ ...RunName.properties, why: Type.String() }), Type.Null()]),
  sentences: Type.Array(DraftSentence),
  /** The sentences as Markdown. */
  text: Type.String(),
  /** SHA-256 of the text; a confirmation names it. */
  digest: Type.String(),
  note: Type.Union([ConfirmedNote, Type.Null()]),
})
export type RunDraft = Static<typeof RunDraft>

export const getRunDrafts = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/drafts',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getRunDrafts',
    summary: 'Drafts what a run and its group of repeats show, from records only; none while it runs.',
    params: RunParams,
    response: { 200: Type.Object({ drafts: Type.Array(RunDraft) }), 403: Problem, 404: Problem },
  },
})

export const listRunDrafts = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/drafts',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'listRunDrafts',
    summary: 'Lists drafts of the ended runs of an experiment, the newest first: those to confirm, or the confirmed.',
    params: ExperimentParams,
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 20 })),
      page_token: PageQuery.page_token,
      state: Type.Optional(Type.Union([Type.Literal('open'), Type.Literal('confirmed')], { default: 'open' })),
    }),
    response: {
      200: Type.Object({
        drafts: Type.Array(RunDraft),
        /** Ended runs without a confirmed note, and with one. */
        open: Type.Integer(),
        confirmed: Type.Integer(),
        nextPageToken: TextOrNull,
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const confirmRunDraft = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/runs/:run/drafts/:of',
  permission: 'run:write',
  schema: {
    operationId: 'confirmRunDraft',
    summary: 'Confirms a draft, as it is or with other words; the note before it is replaced.',
    params: Type.Object({ project: ProjectName, run: RunId, of: NoteOf }),
    body: Type.Object(
      {
        digest: Type.String({
          pattern: '^[0-9a-f]{64}$',
          description: 'Of the draft that was read; 409 where the records say something else by now.',
        }),
        text: Type.Optional(
          Type.String({ minLength: 1, maxLength: 20_000, description: 'Markdown; without it the draft.' }),
        ),
      },
      { additionalProperties: false },
    ),
    response: { 200: RunDraft, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const reopenRunDraft = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/runs/:run/drafts/:of',
  permission: 'run:write',
  schema: {
    operationId: 'reopenRunDraft',
    summary: 'Takes a confirmation back; the draft is open again.',
    params: Type.Object({ project: ProjectName, run: RunId, of: NoteOf }),
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})
