import { Type, type Static } from 'typebox'
import { EntityName, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

const ValueType = Type.Union([Type.Literal('number'), Type.Literal('string'), Type.Literal('boolean')])

/**
 * A feature view: aggregates over the rows of one key within a window of event time. The same definition is computed as SQL for training (point in time) and
 * at the gateway for each request.
 */
export const FeatureViewDefinition = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 4000 })),
    keys: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), {
      minItems: 1,
      maxItems: 5,
      description: 'Columns that name the entity, for example `airport`.',
    }),
    columns: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), ValueType, {
      description: 'Values that each pushed row carries.',
    }),
    window: Type.String({
      pattern: '^[0-9]+(m|h|d)$',
      description: 'How far back from the moment asked about, for example `3h`.',
    }),
    features: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9_]*$' }),
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: 'SQL aggregate over the window, for example `avg(delay > 15)`.',
      }),
    ),
    /** Value of a feature when no row is in the window; null unless given. */
    defaults: Type.Optional(Type.Record(Type.String(), Type.Number())),
    /** Keys and columns that are about persons: without `data:read-personal` features that are made of them are not shown. */
    personal: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), { maxItems: 50 })),
    /** The key or column that says whose row it is. With it personal values are encrypted with a key for each person when rows are pushed. */
    subjectColumn: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]*$' })),
  },
  { additionalProperties: false },
)
export type FeatureViewDefinition = Static<typeof FeatureViewDefinition>

export const FeatureView = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  digest: Type.String(),
  definition: FeatureViewDefinition,
  rows: Type.Integer({ description: 'Rows in the offline table.' }),
  newestRow: Type.Union([Type.Integer(), Type.Null()]),
  createdAt: Type.Integer(),
  createdBy: Type.String(),
})
export type FeatureView = Static<typeof FeatureView>

const ViewParams = Type.Object({ project: ProjectName, view: EntityName })
const Scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()])

/** One observation of an entity as somebody knows it. Repeating an id adds nothing. */
export const FeatureRow = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 200 }),
    key: Type.Record(Type.String(), Scalar),
    eventTime: Type.Integer({ minimum: 0, description: 'When it happened.' }),
    knownAt: Type.Optional(
      Type.Integer({ minimum: 0, description: 'When it became known; `eventTime` unless given.' }),
    ),
    values: Type.Record(Type.String(), Scalar),
  },
  { additionalProperties: false },
)
export type FeatureRow = Static<typeof FeatureRow>

export const listFeatureViews = route({
  method: 'GET',
  url: '/api/v1/projects/:project/feature-views',
  permission: 'feature:read',
  schema: {
    operationId: 'listFeatureViews',
    summary: 'Lists feature views.',
    params: ProjectParams,
    query: Type.Object(PageQuery),
    response: { 200: Type.Object({ views: Type.Array(FeatureView) }), 403: Problem, 404: Problem },
  },
})
export const getFeatureView = route({
  method: 'GET',
  url: '/api/v1/projects/:project/feature-views/:view',
  permission: 'feature:read',
  schema: {
    operationId: 'getFeatureView',
    summary: 'Reads a feature view.',
    params: ViewParams,
    response: { 200: FeatureView, 403: Problem, 404: Problem },
  },
})
export const defineFeatureView = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/feature-views/:view',
  permission: 'feature:write',
  schema: {
    operationId: 'defineFeatureView',
    summary: 'Defines a feature view; a changed definition is its next version.',
    params: ViewParams,
    body: FeatureViewDefinition,
    response: { 200: FeatureView, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const pushFeatureRows = route({
  method: 'POST',
  url: '/api/v1/projects/:project/feature-views/:view/rows',
  permission: 'feature:write',
  load: 'log',
  bodyLimit: 16 * 1024 * 1024,
  schema: {
    operationId: 'pushFeatureRows',
    summary: 'Pushes rows as they become known. When it answers, lookups see them, and they survive a crash.',
    params: ViewParams,
    body: Type.Object(
      { rows: Type.Array(FeatureRow, { minItems: 1, maxItems: 50_000 }) },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ added: Type.Integer() }), 400: Problem, 403: Problem, 404: Problem, 503: Problem },
  },
})
export const pushFeatureFile = route({
  method: 'POST',
  url: '/api/v1/projects/:project/feature-views/:view/files',
  permission: 'feature:write',
  requestBody: 'raw',
  schema: {
    operationId: 'pushFeatureFile',
    summary:
      'Pushes many rows as a Parquet file with the columns id, event_time, known_at (milliseconds or timestamps), the keys and the values.',
    params: ViewParams,
    response: {
      200: Type.Object({ added: Type.Integer() }),
      400: Problem,
      403: Problem,
      404: Problem,
      422: Problem,
      503: Problem,
    },
  },
})
export const lookupFeatures = route({
  method: 'POST',
  url: '/api/v1/projects/:project/feature-views/:view/lookup',
  permission: 'feature:read',
  alsoNeeds: ['data:read-rows'],
  sensitive: 'rows',
  schema: {
    operationId: 'lookupFeatures',
    summary: 'Computes the features of keys as of a moment, from what was known by then.',
    params: ViewParams,
    body: Type.Object(
      {
        keys: Type.Array(Type.Record(Type.String(), Scalar), { minItems: 1, maxItems: 1000 }),
        asOf: Type.Optional(Type.Integer({ minimum: 0, description: 'The watermark unless given.' })),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({
        asOf: Type.Integer(),
        rows: Type.Array(
          Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null(), Type.Literal('redacted')])),
        ),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
export const checkFeatureParity = route({
  method: 'POST',
  url: '/api/v1/projects/:project/feature-views/:view/parity',
  permission: 'feature:read',
  load: 'heavy',
  schema: {
    operationId: 'checkFeatureParity',
    summary:
      'Computes the same features offline (SQL, point in time) and online for sampled rows and lists every difference.',
    params: ViewParams,
    body: Type.Object(
      { sample: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 500 })) },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({
        compared: Type.Integer(),
        different: Type.Integer(),
        differences: Type.Array(
          Type.Object({
            key: Type.String(),
            asOf: Type.Integer(),
            feature: Type.String(),
            offline: Type.Union([Type.Number(), Type.Null()]),
            online: Type.Union([Type.Number(), Type.Null()]),
          }),
          { description: 'Empty without `data:read-rows`.' },
        ),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
