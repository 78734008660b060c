import { type Static, Type } from 'typebox'
import { Baseline, BaselineJudgement } from './baselines.ts'
import { PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { MetricValue } from './tracking.ts'

const TextOrNull = Type.Union([Type.String(), Type.Null()])
const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const ReportId = Type.String({ pattern: '^rep_[0-9a-zA-Z]{1,60}$', description: 'Id of a report.' })
const ReportParams = Type.Object({ project: ProjectName, report: ReportId })
const Title = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
const Text = Type.String({ maxLength: 200_000, description: 'Markdown; a fenced block `panel` is a live panel.' })

const summary = {
  id: Type.String(),
  urn: Type.String(),
  title: Type.String(),
  /** The newest version. */
  version: Type.Integer(),
  createdAt: Type.Integer(),
  createdByName: Type.String(),
  updatedAt: Type.Integer(),
  updatedByName: Type.String(),
  /** Comments that nobody has resolved. */
  openComments: Type.Integer(),
}

/** A report in a list. */
export const ReportSummary = Type.Object(summary)
export type ReportSummary = Static<typeof ReportSummary>

/** A page that people write about runs and models. */
export const Report = Type.Object({
  ...summary,
  /** The version whose title and text these are. */
  shown: Type.Integer(),
  text: Type.String(),
  /** URNs of the runs, models and other things that the text names. */
  mentions: Type.Array(Type.String()),
})
export type Report = Static<typeof Report>

/** A version of a report; every save makes one. */
export const ReportVersion = Type.Object({
  version: Type.Integer(),
  title: Type.String(),
  byName: Type.String(),
  at: Type.Integer(),
  /** Characters of its text. */
  length: Type.Integer(),
  /** The version that it brought back, if it did. */
  restored: Type.Union([Type.Integer(), Type.Null()]),
})
export type ReportVersion = Static<typeof ReportVersion>

/** What somebody says of a report. */
export const ReportComment = Type.Object({
  id: Type.String(),
  text: Type.String({ description: 'Markdown.' }),
  /** The version that it was said of. */
  version: Type.Integer(),
  byName: Type.String(),
  mine: Type.Boolean(),
  at: Type.Integer(),
  resolvedAt: Type.Union([Type.Integer(), Type.Null()]),
  resolvedByName: TextOrNull,
  /** The passage or panel that it is about; null: the whole report. */
  about: Type.Union([
    Type.Object({
      quote: Type.String({ description: 'Its words as they were, at most 400 characters.' }),
      panel: Type.Boolean(),
      /** Place of the passage in the newest version; null where it was changed or taken out. */
      place: Type.Union([Type.Integer(), Type.Null()]),
    }),
    Type.Null(),
  ]),
})
export type ReportComment = Static<typeof ReportComment>

const RunNamed = { id: Type.String(), name: Type.String() }
const Cell = Type.Union([Type.Number(), Type.String(), Type.Null()])

/** What a panel shows now. `total` counts the runs that its query finds, of which some are shown. */
export const PanelData = Type.Union([
  Type.Object({
    kind: Type.Literal('table'),
    columns: Type.Array(Type.String()),
    rows: Type.Array(Type.Object({ ...RunNamed, values: Type.Array(Cell) })),
    total: Type.Integer(),
  }),
  Type.Object({
    kind: Type.Literal('curves'),
    charts: Type.Array(
      Type.Object({
        metric: Type.String(),
        series: Type.Array(
          Type.Object({ ...RunNamed, points: Type.Array(Type.Object({ step: Type.Integer(), value: MetricValue })) }),
        ),
      }),
    ),
    total: Type.Integer(),
  }),
  Type.Object({
    kind: Type.Literal('scatter'),
    x: Type.String(),
    y: Type.String(),
    points: Type.Array(Type.Object({ ...RunNamed, x: Type.Union([Type.Number(), Type.String()]), y: Type.Number() })),
    total: Type.Integer(),
  }),
  Type.Object({
    kind: Type.Literal('parallel'),
    axes: Type.Array(Type.String()),
    lines: Type.Array(Type.Object({ ...RunNamed, values: Type.Array(Cell) })),
    total: Type.Integer(),
  }),
  Type.Object({
    kind: Type.Literal('importance'),
    metric: Type.String(),
    runs: Type.Integer(),
    explained: Type.Union([
      Type.Object({ value: Type.Number(), low: Type.Number(), high: Type.Number() }),
      Type.Null(),
    ]),
    /** Why nothing is said. */
    reason: TextOrNull,
    factors: Type.Array(
      Type.Object({ name: Type.String(), importance: Type.Number(), low: Type.Number(), high: Type.Number() }),
    ),
  }),
  Type.Object({
    kind: Type.Literal('number'),
    label: Type.String(),
    value: NumberOrNull,
    /** 95 % interval of a mean. */
    low: NumberOrNull,
    high: NumberOrNull,
    n: Type.Integer(),
    /** The run that has it. */
    run: Type.Union([Type.Object(RunNamed), Type.Null()]),
  }),
  Type.Object({
    kind: Type.Literal('notes'),
    notes: Type.Array(Type.Object({ ...RunNamed, text: Type.String(), byName: Type.String(), at: Type.Integer() })),
    total: Type.Integer(),
  }),
  Type.Object({
    kind: Type.Literal('baselines'),
    baselines: Type.Array(Baseline),
    runs: Type.Array(Type.Object(RunNamed)),
    judgements: Type.Array(BaselineJudgement),
    /** How many p was corrected for. */
    comparisons: Type.Integer(),
    total: Type.Integer(),
  }),
])
export type PanelData = Static<typeof PanelData>

export const listReports = route({
  method: 'GET',
  url: '/api/v1/projects/:project/reports',
  permission: 'report:read',
  schema: {
    operationId: 'listReports',
    summary: 'Lists reports, the one that was changed last first.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      mentions: Type.Optional(
        Type.String({
          maxLength: 600,
          pattern: '^trivium://',
          description: 'Only those that name this thing, or a version of it.',
        }),
      ),
    }),
    response: {
      200: Type.Object({ reports: Type.Array(ReportSummary), nextPageToken: TextOrNull }),
      400: Problem,
      403: Problem,
    },
  },
})

export const createReport = route({
  method: 'POST',
  url: '/api/v1/projects/:project/reports',
  permission: 'report:write',
  schema: {
    operationId: 'createReport',
    summary: 'Makes a report; this is its version 1.',
    params: ProjectParams,
    body: Type.Object({ title: Title, text: Text }, { additionalProperties: false }),
    response: { 201: Report, 400: Problem, 403: Problem, 422: Problem },
  },
})

export const getReport = route({
  method: 'GET',
  url: '/api/v1/projects/:project/reports/:report',
  permission: 'report:read',
  schema: {
    operationId: 'getReport',
    summary: 'Reads a report, its newest version or an older one.',
    params: ReportParams,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }),
    response: { 200: Report, 403: Problem, 404: Problem },
  },
})

export const saveReport = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/reports/:report',
  permission: 'report:write',
  schema: {
    operationId: 'saveReport',
    summary: 'Saves a new version of a report; 409 where somebody saved one after the version that was edited.',
    params: ReportParams,
    body: Type.Object(
      {
        title: Title,
        text: Text,
        after: Type.Integer({ minimum: 1, description: 'The version that was edited.' }),
      },
      { additionalProperties: false },
    ),
    response: { 200: Report, 400: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem },
  },
})

export const restoreReport = route({
  method: 'POST',
  url: '/api/v1/projects/:project/reports/:report/restore',
  permission: 'report:write',
  schema: {
    operationId: 'restoreReport',
    summary: 'Makes an older version the newest again, as a new version.',
    params: ReportParams,
    body: Type.Object({ version: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
    response: { 200: Report, 403: Problem, 404: Problem, 422: Problem },
  },
})

export const deleteReport = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/reports/:report',
  permission: 'report:write',
  schema: {
    operationId: 'deleteReport',
    summary: 'Deletes a report for good, with its versions and comments.',
    params: ReportParams,
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})

export const listReportVersions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/reports/:report/versions',
  permission: 'report:read',
  schema: {
    operationId: 'listReportVersions',
    summary: 'Lists the versions of a report, the newest first.',
    params: ReportParams,
    query: Type.Object({ ...PageQuery }),
    response: {
      200: Type.Object({ versions: Type.Array(ReportVersion), nextPageToken: TextOrNull }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const listReportComments = route({
  method: 'GET',
  url: '/api/v1/projects/:project/reports/:report/comments',
  permission: 'report:read',
  schema: {
    operationId: 'listReportComments',
    summary: 'Lists what was said of a report, the oldest first.',
    params: ReportParams,
    response: { 200: Type.Object({ comments: Type.Array(ReportComment) }), 403: Problem, 404: Problem },
  },
})

export const commentReport = route({
  method: 'POST',
  url: '/api/v1/projects/:project/reports/:report/comments',
  permission: 'report:write',
  schema: {
    operationId: 'commentReport',
    summary: 'Says something of a report.',
    params: ReportParams,
    body: Type.Object(
      {
        text: Type.String({ minLength: 1, maxLength: 10_000, pattern: '\\S' }),
        about: Type.Optional(
          Type.Object(
            {
              version: Type.Integer({ minimum: 1, description: 'The version that was read.' }),
              passage: Type.Integer({ minimum: 0, description: 'Which block of its Markdown, from 0.' }),
            },
            {
              additionalProperties: false,
              description: 'The passage or panel that it is about; without it the whole report.',
            },
          ),
        ),
      },
      { additionalProperties: false },
    ),
    response: { 201: ReportComment, 400: Problem, 403: Problem, 404: Problem, 422: Problem },
  },
})

export const resolveReportComment = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/reports/:report/comments/:comment',
  permission: 'report:write',
  schema: {
    operationId: 'resolveReportComment',
    summary: 'Marks a comment as resolved, or opens it again.',
    params: Type.Object({
      project: ProjectName,
      report: ReportId,
      comment: Type.String({ pattern: '^rcm_[0-9a-zA-Z]{1,60}$' }),
    }),
    body: Type.Object({ resolved: Type.Boolean() }, { additionalProperties: false }),
    response: { 200: ReportComment, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const readReportPanel = route({
  method: 'GET',
  url: '/api/v1/projects/:project/report-panel',
  permission: 'report:read',
  alsoNeeds: ['run:read'],
  load: 'heavy',
  schema: {
    operationId: 'readReportPanel',
    summary: 'Reads what a panel of a report shows now.',
    params: ProjectParams,
    query: Type.Object({
      panel: Type.String({ minLength: 1, maxLength: 6000, description: 'The text of the block `panel`.' }),
    }),
    response: { 200: PanelData, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const exportReport = route({
  method: 'GET',
  url: '/api/v1/projects/:project/reports/:report/html',
  permission: 'report:read',
  alsoNeeds: ['run:read'],
  load: 'heavy',
  responseBody: 'raw',
  schema: {
    operationId: 'exportReport',
    summary: 'Exports a report as one HTML file without scripts, its panels as they are at this moment.',
    params: ReportParams,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }),
    response: { 403: Problem, 404: Problem },
  },
})
