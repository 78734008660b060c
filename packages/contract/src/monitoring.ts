import { type Static, Type } from 'typebox'
import { EntityName, Millis, Problem, ProjectName, ProjectParams } from './common.ts'
import { LabelDelay } from './outcomes.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const NullableNumber = Nullable(Type.Number())

/** When a run of windows becomes an alert: `needed` of the last `outOf` judged windows open, `clear` clean ones in a row close. */
export const PersistenceRule = Type.Object(
  {
    needed: Type.Integer({ minimum: 1, maximum: 20, default: 2 }),
    outOf: Type.Integer({ minimum: 1, maximum: 20, default: 3 }),
    clear: Type.Integer({ minimum: 1, maximum: 20, default: 2 }),
  },
  { additionalProperties: false },
)
export type PersistenceRule = Static<typeof PersistenceRule>

/** What the inputs and features of the predictions are compared with, and when a difference is one. */
export const DriftPolicy = Type.Object(
  {
    features: Type.Optional(
      Type.Union([Type.Literal('all'), Type.Array(Type.String(), { minItems: 1, maxItems: 1000 })], {
        default: 'all',
        description: 'Names of inputs and features; `all` takes each that the reference has.',
      }),
    ),
    /** `auto`: the data that the release's model was trained on; else a dataset version such as `flights@3`. */
    reference: Type.Optional(Type.String({ default: 'auto', maxLength: 300 })),
    numericMeasure: Type.Optional(
      Type.Union([Type.Literal('kolmogorov-smirnov'), Type.Literal('population-stability-index')], {
        default: 'kolmogorov-smirnov',
      }),
    ),
    categoricalMeasure: Type.Optional(
      Type.Union([Type.Literal('total-variation'), Type.Literal('population-stability-index')], {
        default: 'total-variation',
      }),
    ),
    /** The smallest effect that is worth an alert. */
    minEffect: Type.Optional(
      Type.Object(
        {
          numeric: Type.Optional(Type.Number({ minimum: 0, maximum: 10, default: 0.1 })),
          categorical: Type.Optional(Type.Number({ minimum: 0, maximum: 10, default: 0.1 })),
        },
        { additionalProperties: false },
      ),
    ),
    q: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 0.5,
        default: 0.05,
        description: 'Share of false discoveries that is allowed among the features of a window (Benjamini–Hochberg).',
      }),
    ),
    persistence: Type.Optional(PersistenceRule),
    minRows: Type.Optional(Type.Integer({ minimum: 1, default: 200 })),
  },
  { additionalProperties: false },
)
export type DriftPolicy = Static<typeof DriftPolicy>

export const PerformanceMetric = Type.Union([
  Type.Literal('roc-auc'),
  Type.Literal('log-loss'),
  Type.Literal('brier-score'),
  Type.Literal('accuracy'),
  Type.Literal('mean-absolute-error'),
  Type.Literal('root-mean-squared-error'),
])
export type PerformanceMetric = Static<typeof PerformanceMetric>

/** How good the predictions of a window turned out to be, once their labels came. */
export const PerformancePolicy = Type.Object(
  {
    /** Output that is judged: the probability of the positive class, or the predicted number. `output.` in front is optional. */
    prediction: Type.String({ minLength: 1, maxLength: 200 }),
    /** Class that counts as positive where labels are names; yes and 1 are positive anyway. */
    positive: Type.Optional(Type.String({ maxLength: 1000 })),
    metrics: Type.Array(
      Type.Object(
        {
          metric: PerformanceMetric,
          /** `auto`: what the evaluation of the release's model version found, else its first judged window; or a number. */
          baseline: Type.Optional(Type.Union([Type.Literal('auto'), Type.Number()], { default: 'auto' })),
          margin: Type.Number({ minimum: 0, description: 'Loss against the baseline that is still acceptable.' }),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 6 },
    ),
    minLabels: Type.Optional(Type.Integer({ minimum: 10, default: 200 })),
    completeness: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        default: 0.95,
        description: 'Share of a window that must have its label before it is judged.',
      }),
    ),
    maxWait: Type.Optional(
      Type.String({
        pattern: '^[0-9]+(h|d)$',
        description: 'After so much event time a window is judged with the labels that there are.',
      }),
    ),
    persistence: Type.Optional(PersistenceRule),
    threshold: Type.Optional(
      Type.Number({
        default: 0.5,
        description:
          'From which score on a row counts as positive in error rate, accuracy, precision, recall and F1 of slices.',
      }),
    ),
    slices: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 5,
        description: 'Inputs and features by whose values the metrics are computed apart, rare values on their own.',
      }),
    ),
    custom: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }),
            sql: Type.String({
              minLength: 1,
              maxLength: 2000,
              description:
                'SQL aggregate over the labelled rows, whose columns are `score` and `actual` (numbers), such as `sum(case when actual = 1 and score < 0.5 then 10 else 0 end) / count(*)`.',
            }),
          },
          { additionalProperties: false },
        ),
        { maxItems: 10, description: 'Metrics of your own, for each window and slice.' },
      ),
    ),
  },
  { additionalProperties: false },
)
export type PerformancePolicy = Static<typeof PerformancePolicy>

/** A monitor watches the predictions of one deployment, window by window of event time. */
export const MonitorDefinition = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 4000 })),
    deployment: EntityName,
    window: Type.String({
      pattern: '^[1-9][0-9]*(h|d)$',
      description: 'For example `1d` or `7d`; whole weeks begin on Monday, UTC.',
    }),
    anchor: Type.Optional(
      Type.Integer({ minimum: 0, description: 'A moment at which a window begins, milliseconds UTC.' }),
    ),
    drift: Type.Optional(DriftPolicy),
    performance: Type.Optional(PerformancePolicy),
  },
  { additionalProperties: false },
)
export type MonitorDefinition = Static<typeof MonitorDefinition>

/** `waiting`: no window is closed yet for this release. `cannot-judge`: too few rows or labels, or no reference. */
export const MonitorState = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('in-range'),
  Type.Literal('drifted'),
  Type.Literal('degraded'),
  Type.Literal('cannot-judge'),
])
export type MonitorState = Static<typeof MonitorState>

/** One window's word: `breach` is over the line (an alert needs several), `unknown` could not be judged. */
export const WindowVerdict = Type.Union([
  Type.Literal('clear'),
  Type.Literal('breach'),
  Type.Literal('severe'),
  Type.Literal('unknown'),
])
export type WindowVerdict = Static<typeof WindowVerdict>

/** One feature in one window against the reference. */
export const FeatureDrift = Type.Object({
  feature: Type.String({ description: 'Name without `input.` or `feature.`' }),
  column: Type.String({ description: 'Column of the prediction log.' }),
  kind: Type.Union([Type.Literal('numeric'), Type.Literal('categorical')]),
  measure: Type.String(),
  effect: NullableNumber,
  pValue: NullableNumber,
  /** After Benjamini–Hochberg over the features of the window. */
  q: NullableNumber,
  minEffect: Type.Number(),
  rows: Type.Integer({ description: 'Rows with a value.' }),
  nulls: Type.Integer(),
  verdict: WindowVerdict,
  /** Why nothing can be said, where the verdict is unknown. */
  reason: Nullable(Type.String()),
  /** Whether the feature counts as drifted after this window (persistence). */
  open: Type.Boolean(),
  /** Median or share, in words: what moved. */
  change: Nullable(Type.String()),
})
export type FeatureDrift = Static<typeof FeatureDrift>

const IntervalBounds = Type.Object({ low: Type.Number(), high: Type.Number() })

export const MetricBaseline = Type.Object({
  value: Type.Number(),
  interval: Nullable(IntervalBounds),
  source: Type.Union([Type.Literal('evaluation'), Type.Literal('fixed'), Type.Literal('first-window')]),
  urn: Nullable(Type.String()),
})
export type MetricBaseline = Static<typeof MetricBaseline>

/** One metric of one window. */
export const MetricResult = Type.Object({
  metric: PerformanceMetric,
  value: NullableNumber,
  interval: Nullable(IntervalBounds),
  baseline: Nullable(MetricBaseline),
  /** How much worse than the baseline, positive is worse; with its interval. */
  loss: NullableNumber,
  lossInterval: Nullable(IntervalBounds),
  margin: Type.Number(),
  verdict: WindowVerdict,
  reason: Nullable(Type.String()),
  open: Type.Boolean(),
})
export type MetricResult = Static<typeof MetricResult>

/** One day inside a window: what was said and what was. */
export const PerformanceDay = Type.Object({
  at: Type.Integer(),
  predicted: Type.Integer(),
  labelled: Type.Integer(),
  meanPredicted: NullableNumber,
  meanActual: NullableNumber,
  values: Type.Record(Type.String(), NullableNumber, {
    description: 'Metric → value of the labelled rows of the day.',
  }),
})
export type PerformanceDay = Static<typeof PerformanceDay>

/** The predictions of one window, judged by the labels known so far. */
export const WindowPerformance = Type.Object({
  /** All labels that it waits for have come, or the longest wait is over: only then it counts. */
  ripe: Type.Boolean(),
  reason: Nullable(Type.String({ description: 'Why it cannot be judged yet.' })),
  predicted: Type.Integer(),
  labelled: Type.Integer(),
  completeness: Type.Number(),
  asOf: Type.Integer(),
  metrics: Type.Array(MetricResult),
  days: Type.Array(PerformanceDay),
})
export type WindowPerformance = Static<typeof WindowPerformance>

export const WindowDrift = Type.Object({
  verdict: WindowVerdict,
  reason: Nullable(Type.String()),
  reference: Nullable(Type.Object({ urn: Type.String(), rows: Type.Integer() })),
  tests: Type.Integer({ description: 'Features tested together.' }),
  q: Type.Number(),
  features: Type.Array(FeatureDrift),
})
export type WindowDrift = Static<typeof WindowDrift>

/** One closed window with everything that was found. */
export const MonitorWindow = Type.Object({
  urn: Type.String(),
  monitor: Type.String(),
  start: Type.Integer(),
  end: Type.Integer(),
  /** The release that is judged: the one that answered last in the window. Null without predictions. */
  release: Nullable(Type.String()),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  rows: Type.Integer(),
  /** Predictions of other releases in the same window, which are left out. */
  otherRows: Type.Integer(),
  state: MonitorState,
  drift: Nullable(WindowDrift),
  performance: Nullable(WindowPerformance),
  closedAt: Type.Integer(),
  judgedAt: Type.Integer(),
})
export type MonitorWindow = Static<typeof MonitorWindow>

const MetricValues = Type.Record(Type.String(), NullableNumber, {
  description:
    'error-rate, accuracy, precision, recall, f1, roc-auc, log-loss, brier-score where labels are 0 and 1, else mean-absolute-error and root-mean-squared-error; then the custom metrics. Null where it cannot be computed.',
})
/** The metrics of the rows with one value. */
export const SliceQuality = Type.Object({
  /** The input or feature; null is the whole window. */
  by: Nullable(Type.String()),
  value: Nullable(Type.String()),
  /** Fewer than one in a hundred predictions. */
  rare: Type.Boolean(),
  predicted: Type.Integer(),
  labelled: Type.Integer(),
  coverage: Type.Number({ description: 'Labelled of predicted.' }),
  positives: Type.Integer({ description: 'Labels that are 1.' }),
  values: MetricValues,
})
export type SliceQuality = Static<typeof SliceQuality>

/** What the live values of a feature break that the training data keep. */
export const FeatureViolations = Type.Object({
  feature: Type.String(),
  rows: Type.Integer({ description: 'Predictions of the window.' }),
  violations: Type.Integer({ description: 'Rows that break anything.' }),
  missing: Type.Integer({ description: 'No value, where the training data always have one.' }),
  wrongType: Type.Integer({ description: 'A value that cannot be read as the type of the training data.' }),
  outOfRange: Type.Integer({ description: 'A number below the least or above the greatest of the training data.' }),
  unseen: Type.Integer({ description: 'A category that the training data do not have.' }),
  wrongFormat: Type.Integer({
    description: 'Text of a shape (letters, digits and signs in their order) that the training data do not have.',
  }),
  allowed: Type.String({ description: 'What the training data have, in words.' }),
  examples: Type.Array(Type.String(), {
    description: 'Some values that break it, most frequent first; none without `data:read-rows`.',
  }),
})
export type FeatureViolations = Static<typeof FeatureViolations>

/** A metric of the evaluation before the release against the same metric of live predictions. */
export const OfflineGap = Type.Object({
  metric: PerformanceMetric,
  offline: NullableNumber,
  offlineInterval: Nullable(IntervalBounds),
  live: NullableNumber,
  liveInterval: Nullable(IntervalBounds),
  /** Live minus offline. */
  gap: NullableNumber,
  gapInterval: Nullable(IntervalBounds),
  verdict: Type.Union([Type.Literal('large'), Type.Literal('small'), Type.Literal('unknown')]),
  reason: Type.String(),
})
export type OfflineGap = Static<typeof OfflineGap>

/** How predictions are spread in life against what the model said about the rows that it was trained on. */
export const OutputShift = Type.Object({
  /** The input or feature; null is the whole window. */
  by: Nullable(Type.String()),
  value: Nullable(Type.String()),
  trainingRows: Type.Integer(),
  rows: Type.Integer(),
  trainingMean: NullableNumber,
  mean: NullableNumber,
  /** Kolmogorov–Smirnov distance over the bins of the training predictions. */
  effect: NullableNumber,
  pValue: NullableNumber,
  /** After Benjamini–Hochberg over the window and its slices. */
  q: NullableNumber,
  /** `moved`: the distance is at least 0.1 and significant. */
  verdict: Type.Union([Type.Literal('moved'), Type.Literal('same'), Type.Literal('unknown')]),
})
export type OutputShift = Static<typeof OutputShift>

/** What was looked at beside the rules of the monitor. */
export const WindowDetails = Type.Object({
  /** The whole window first, then slice by slice. Null without a policy of performance. */
  quality: Nullable(Type.Array(SliceQuality)),
  qualityProblem: Nullable(Type.String({ description: 'Why custom metrics could not be computed.' })),
  violations: Nullable(Type.Array(FeatureViolations)),
  /** The whole first, then by the slices of the evaluation. Null where no evaluation knows the training data. */
  outputs: Type.Optional(Nullable(Type.Array(OutputShift))),
  /** Only in the first window of a release that can be judged. */
  offline: Nullable(Type.Array(OfflineGap)),
})
export type WindowDetails = Static<typeof WindowDetails>

/** One of the last 35 windows, for the strip of marks. */
export const StripMark = Type.Object({ start: Type.Integer(), end: Type.Integer(), state: MonitorState })

export const MonitorSummary = Type.Object({
  name: Type.String(),
  urn: Type.String(),
  deployment: Type.String(),
  state: MonitorState,
  /** One sentence: what is the matter. */
  headline: Type.String(),
  release: Nullable(Type.String()),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  window: Type.String(),
  features: Type.Integer({ description: 'Features in the newest judged window.' }),
  driftedFeatures: Type.Array(Type.String()),
  /** The newest window that could be judged: its first metric, or the one that is degraded. */
  performance: Nullable(
    Type.Object({
      metric: PerformanceMetric,
      value: NullableNumber,
      interval: Nullable(IntervalBounds),
      baseline: NullableNumber,
      margin: Type.Number(),
      verdict: WindowVerdict,
      start: Type.Integer(),
      end: Type.Integer(),
    }),
  ),
  /** Newest closed window. */
  labels: Nullable(
    Type.Object({ end: Type.Integer(), predicted: Type.Integer(), labelled: Type.Integer(), ripe: Type.Boolean() }),
  ),
  strip: Type.Array(StripMark),
  updatedAt: Type.Integer(),
})
export type MonitorSummary = Static<typeof MonitorSummary>

export const Monitor = Type.Object({
  ...MonitorSummary.properties,
  definition: MonitorDefinition,
  definitionVersion: Type.Integer(),
  /** Beginning of the next window to close; null before the first prediction. */
  nextStart: Nullable(Type.Integer()),
  createdAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
})
export type Monitor = Static<typeof Monitor>

const MonitorParams = Type.Object({ project: ProjectName, monitor: EntityName })
const range = { from: Type.Optional(Millis), to: Type.Optional(Millis) }

export const listMonitors = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors',
  permission: 'monitor:read',
  schema: {
    operationId: 'listMonitors',
    summary: 'Lists monitors, those that need attention first.',
    params: ProjectParams,
    query: Type.Object({ deployment: Type.Optional(EntityName) }),
    response: { 200: Type.Object({ monitors: Type.Array(MonitorSummary) }), 403: Problem, 404: Problem },
  },
})

export const getMonitor = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor',
  permission: 'monitor:read',
  schema: {
    operationId: 'getMonitor',
    summary: 'Reads a monitor with its definition and state.',
    params: MonitorParams,
    response: { 200: Monitor, 403: Problem, 404: Problem },
  },
})

export const defineMonitor = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/monitors/:monitor',
  permission: 'monitor:write',
  schema: {
    operationId: 'defineMonitor',
    summary: 'Makes a monitor or changes it; a change counts from the next window on, and starts persistence anew.',
    params: MonitorParams,
    body: MonitorDefinition,
    response: { 200: Monitor, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const deleteMonitor = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/monitors/:monitor',
  permission: 'monitor:write',
  schema: {
    operationId: 'deleteMonitor',
    summary: 'Stops and removes a monitor with its windows; events and alerts stay.',
    params: MonitorParams,
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})

export const listMonitorWindows = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/windows',
  permission: 'monitor:read',
  schema: {
    operationId: 'listMonitorWindows',
    summary: 'Lists closed windows with all results, newest first.',
    params: MonitorParams,
    query: Type.Object({
      before: Type.Optional(Millis),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 35 })),
    }),
    response: { 200: Type.Object({ windows: Type.Array(MonitorWindow) }), 403: Problem, 404: Problem },
  },
})

export const getMonitorWindow = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/windows/:start',
  permission: 'monitor:read',
  schema: {
    operationId: 'getMonitorWindow',
    summary:
      'Reads one closed window by its beginning, with the metrics of its slices, the violations of its inputs, and how far live results are from the evaluation.',
    params: Type.Object({ project: ProjectName, monitor: EntityName, start: Millis }),
    response: {
      200: Type.Object({ ...MonitorWindow.properties, details: Nullable(WindowDetails) }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getDriftHistory = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/drift',
  permission: 'monitor:read',
  schema: {
    operationId: 'getDriftHistory',
    summary:
      'Reads the size of the drift of each feature over the windows, oldest first; features that drift most come first.',
    params: MonitorParams,
    query: Type.Object({ ...range, feature: Type.Optional(Type.String({ maxLength: 200 })) }),
    response: {
      200: Type.Object({
        features: Type.Array(
          Type.Object({
            feature: Type.String(),
            kind: Type.Union([Type.Literal('numeric'), Type.Literal('categorical')]),
            measure: Type.String(),
            minEffect: Type.Number(),
            open: Type.Boolean(),
            points: Type.Array(
              Type.Object({
                start: Type.Integer(),
                end: Type.Integer(),
                release: Nullable(Type.String()),
                version: Nullable(Type.Integer()),
                effect: NullableNumber,
                q: NullableNumber,
                rows: Type.Integer(),
                verdict: WindowVerdict,
                open: Type.Boolean(),
              }),
            ),
          }),
        ),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

/** A bin of a distribution: a range of numbers, or a category. */
export const DistributionBin = Type.Object({
  /** Text for the axis: a category, or `0.2 to 0.4`. */
  label: Type.String(),
  low: NullableNumber,
  high: NullableNumber,
  reference: Type.Number({ description: 'Share of the reference rows with a value.' }),
  current: Type.Number({ description: 'Share of the rows of the window with a value.' }),
  referenceCount: Type.Integer(),
  currentCount: Type.Integer(),
})

export const getFeatureDistribution = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/distribution',
  permission: 'monitor:read',
  load: 'heavy',
  schema: {
    operationId: 'getFeatureDistribution',
    summary:
      'Reads the distribution of one feature in a window beside that of the reference; the newest window unless `start` is given.',
    params: MonitorParams,
    query: Type.Object({ feature: Type.String({ maxLength: 200 }), start: Type.Optional(Millis) }),
    response: {
      200: Type.Object({
        feature: Type.String(),
        kind: Type.Union([Type.Literal('numeric'), Type.Literal('categorical')]),
        start: Type.Integer(),
        end: Type.Integer(),
        reference: Type.Object({
          urn: Type.String(),
          rows: Type.Integer(),
          nulls: Type.Integer(),
          mean: NullableNumber,
          median: NullableNumber,
        }),
        current: Type.Object({
          rows: Type.Integer(),
          nulls: Type.Integer(),
          mean: NullableNumber,
          median: NullableNumber,
        }),
        bins: Type.Array(DistributionBin),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getPerformanceSeries = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/performance',
  permission: 'monitor:read',
  schema: {
    operationId: 'getPerformanceSeries',
    summary:
      'Reads realised performance window by window and day by day, oldest first, with intervals and how complete the labels are.',
    params: MonitorParams,
    query: Type.Object(range),
    response: {
      200: Type.Object({
        metrics: Type.Array(
          Type.Object({
            metric: PerformanceMetric,
            direction: Type.Union([Type.Literal('higher-is-better'), Type.Literal('lower-is-better')]),
            margin: Type.Number(),
            open: Type.Boolean(),
            points: Type.Array(
              Type.Object({
                start: Type.Integer(),
                end: Type.Integer(),
                release: Nullable(Type.String()),
                version: Nullable(Type.Integer()),
                value: NullableNumber,
                interval: Nullable(IntervalBounds),
                baseline: Nullable(MetricBaseline),
                predicted: Type.Integer(),
                labelled: Type.Integer(),
                completeness: Type.Number(),
                ripe: Type.Boolean(),
                verdict: WindowVerdict,
                reason: Nullable(Type.String()),
                open: Type.Boolean(),
              }),
            ),
          }),
        ),
        days: Type.Array(PerformanceDay),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

/** What slow labels disrupt. */
export const LabelDelayWarning = Type.Object({
  disrupts: Type.Union([Type.Literal('evaluation'), Type.Literal('retraining')]),
  what: Type.String({ description: 'The monitor, or PIPELINE/TRIGGER.' }),
  source: Nullable(Type.String()),
  takesMs: Type.Number({ description: 'Until as many labels are there as a window of the monitor needs.' }),
  allowedMs: Type.Number(),
  message: Type.String(),
})
export type LabelDelayWarning = Static<typeof LabelDelayWarning>

export const getMonitorLabelDelay = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/label-delay',
  permission: 'monitor:read',
  schema: {
    operationId: 'getMonitorLabelDelay',
    summary:
      'Says how long the labels of the watched deployment take, source by source, and whether that disrupts the evaluation of windows or the retraining of the model.',
    params: MonitorParams,
    response: {
      200: Type.Object({
        asOf: Type.Integer(),
        predicted: Type.Integer(),
        sources: Type.Array(LabelDelay),
        warnings: Type.Array(LabelDelayWarning),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getSliceSeries = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/slices',
  permission: 'monitor:read',
  schema: {
    operationId: 'getSliceSeries',
    summary:
      'Reads the metrics of each slice over the windows, oldest first; slices with most predictions first, and the whole before them.',
    params: MonitorParams,
    query: Type.Object({ ...range, by: Type.Optional(Type.String({ maxLength: 200 })) }),
    response: {
      200: Type.Object({
        slices: Type.Array(
          Type.Object({
            by: Nullable(Type.String()),
            value: Nullable(Type.String()),
            points: Type.Array(
              Type.Object({
                start: Type.Integer(),
                end: Type.Integer(),
                release: Nullable(Type.String()),
                rare: Type.Boolean(),
                predicted: Type.Integer(),
                labelled: Type.Integer(),
                coverage: Type.Number(),
                positives: Type.Integer(),
                values: MetricValues,
              }),
            ),
          }),
        ),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getViolationSeries = route({
  method: 'GET',
  url: '/api/v1/projects/:project/monitors/:monitor/violations',
  permission: 'monitor:read',
  schema: {
    operationId: 'getViolationSeries',
    summary:
      'Counts what live values break that the training data keep (types, ranges, categories, formats, missing values), feature by feature over the windows, oldest first; features with most violations first.',
    params: MonitorParams,
    query: Type.Object(range),
    response: {
      200: Type.Object({
        features: Type.Array(
          Type.Object({
            feature: Type.String(),
            allowed: Type.String(),
            total: Type.Integer(),
            points: Type.Array(
              Type.Object({
                start: Type.Integer(),
                end: Type.Integer(),
                ...Type.Omit(FeatureViolations, ['feature', 'allowed']).properties,
              }),
            ),
          }),
        ),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
