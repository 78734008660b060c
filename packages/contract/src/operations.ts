import { type Static, Type } from 'typebox'
import { EntityRef, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** `acknowledged` alerts are open too: somebody has seen them. */
export const AlertState = Type.Union([Type.Literal('open'), Type.Literal('acknowledged'), Type.Literal('resolved')])
export type AlertState = Static<typeof AlertState>

/** What somebody said about an alert afterwards; it shows how often alerts of this kind were worth it. */
export const AlertUsefulness = Type.Union([Type.Literal('useful'), Type.Literal('noise'), Type.Literal('too-early')])
export type AlertUsefulness = Static<typeof AlertUsefulness>

/** The numbers an alert rests on: size and significance. */
export const AlertEvidence = Type.Object({
  /** One sentence: what happened, how large, since when. */
  sentence: Type.String(),
  measure: Type.String({ description: 'kolmogorov-smirnov, log-loss, …' }),
  /** Drift: distance from the reference. Performance: loss against the baseline. */
  effect: Nullable(Type.Number()),
  /** The smallest effect that counts: the floor, or the margin. */
  allowed: Type.Number(),
  /** Drift: q-value. */
  q: Nullable(Type.Number()),
  /** Performance: value and baseline with intervals. */
  value: Nullable(Type.Number()),
  valueInterval: Nullable(Type.Object({ low: Type.Number(), high: Type.Number() })),
  baseline: Nullable(Type.Number()),
  lossInterval: Nullable(Type.Object({ low: Type.Number(), high: Type.Number() })),
  rows: Type.Integer({ description: 'Rows in the windows that opened it.' }),
  windows: Type.Array(Type.Object({ urn: Type.String(), start: Type.Integer(), end: Type.Integer() })),
  /** What to do, in one sentence. */
  suggestion: Type.String(),
})
export type AlertEvidence = Static<typeof AlertEvidence>

export const Alert = Type.Object({
  id: Type.String(),
  urn: Type.String(),
  kind: Type.Union([Type.Literal('drift'), Type.Literal('performance')]),
  state: AlertState,
  title: Type.String({ description: 'For example: recent_late drifted' }),
  monitor: Type.String(),
  monitorUrn: Type.String(),
  deployment: Type.String(),
  release: Nullable(Type.String()),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  feature: Nullable(Type.String()),
  metric: Nullable(Type.String()),
  evidence: AlertEvidence,
  /** Event time of the window that opened it. */
  eventTime: Type.Integer(),
  openedAt: Type.Integer(),
  acknowledgedAt: Nullable(Type.Integer()),
  acknowledgedBy: Nullable(Type.String()),
  acknowledgedByName: Nullable(Type.String()),
  note: Nullable(Type.String()),
  resolvedAt: Nullable(Type.Integer()),
  resolvedEventTime: Nullable(Type.Integer()),
  resolvedReason: Nullable(Type.String()),
  resolvedBy: Nullable(Type.String()),
  useful: Nullable(AlertUsefulness),
})
export type Alert = Static<typeof Alert>

/** One line of an alert's history: what happened, by whom, when. */
export const AlertMoment = Type.Object({
  at: Type.Integer(),
  eventTime: Nullable(Type.Integer()),
  what: Type.String(),
  detail: Type.String(),
  by: Type.String(),
  byName: Type.String(),
  urn: Nullable(Type.String({ description: 'The thing it is about, for a link.' })),
})
export type AlertMoment = Static<typeof AlertMoment>

export const AlertDetail = Type.Object({
  ...Alert.properties,
  history: Type.Array(AlertMoment),
  /** What followed from it, by lineage: retraining runs, and what they made. */
  followed: Type.Array(
    Type.Object({ ...EntityRef.properties, fact: Type.String(), at: Nullable(Type.Integer()), as: Type.String() }),
  ),
  /** Earlier alerts of the same monitor, kind and feature or metric, newest first. */
  before: Type.Array(Alert),
})
export type AlertDetail = Static<typeof AlertDetail>

const AlertParams = Type.Object({ project: ProjectName, alert: Type.String({ maxLength: 100 }) })

export const listAlerts = route({
  method: 'GET',
  url: '/api/v1/projects/:project/alerts',
  permission: 'alert:read',
  schema: {
    operationId: 'listAlerts',
    summary: 'Lists alerts, newest first. `open` includes the acknowledged ones.',
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      state: Type.Optional(
        Type.Union([Type.Literal('open'), Type.Literal('resolved'), Type.Literal('all')], { default: 'all' }),
      ),
      monitor: Type.Optional(Type.String({ maxLength: 200 })),
      deployment: Type.Optional(Type.String({ maxLength: 200 })),
    }),
    response: {
      200: Type.Object({
        alerts: Type.Array(Alert),
        nextPageToken: Nullable(Type.String()),
        open: Type.Integer({ description: 'Open and acknowledged alerts of the project.' }),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getAlert = route({
  method: 'GET',
  url: '/api/v1/projects/:project/alerts/:alert',
  permission: 'alert:read',
  schema: {
    operationId: 'getAlert',
    summary: 'Reads one alert with its evidence, its history and what followed from it.',
    params: AlertParams,
    response: { 200: AlertDetail, 403: Problem, 404: Problem },
  },
})

export const acknowledgeAlert = route({
  method: 'POST',
  url: '/api/v1/projects/:project/alerts/:alert/acknowledgement',
  permission: 'alert:write',
  load: 'vital',
  schema: {
    operationId: 'acknowledgeAlert',
    summary: 'Says that somebody has seen an alert and looks after it.',
    params: AlertParams,
    body: Type.Object({ note: Type.Optional(Type.String({ maxLength: 4000 })) }, { additionalProperties: false }),
    response: { 200: AlertDetail, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const resolveAlert = route({
  method: 'POST',
  url: '/api/v1/projects/:project/alerts/:alert/resolution',
  permission: 'alert:write',
  schema: {
    operationId: 'resolveAlert',
    summary:
      'Closes an alert by hand, with the reason. While the cause lasts it opens again only after the monitor has recovered once.',
    params: AlertParams,
    body: Type.Object({ reason: Type.String({ minLength: 1, maxLength: 4000 }) }, { additionalProperties: false }),
    response: { 200: AlertDetail, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const rateAlert = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/alerts/:alert/usefulness',
  permission: 'alert:write',
  schema: {
    operationId: 'rateAlert',
    summary: 'Answers whether an alert was useful.',
    params: AlertParams,
    body: Type.Object({ answer: AlertUsefulness }, { additionalProperties: false }),
    response: { 200: AlertDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})
