import { Type, type Static } from 'typebox'
import { Digest, EntityName, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

export const ColumnType = Type.Union([
  Type.Literal('boolean'),
  Type.Literal('integer'),
  Type.Literal('number'),
  Type.Literal('string'),
  Type.Literal('timestamp'),
  Type.Literal('date'),
  Type.Literal('json'),
  Type.Literal('binary'),
])
export const DatasetColumn = Type.Object({ name: Type.String(), type: ColumnType })

const Severity = Type.Union([Type.Literal('block'), Type.Literal('warn')], {
  description: '`block` refuses the version, `warn` records it.',
})
/** What must hold of the rows that a version brings. */
export const DatasetCheck = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('schema'),
      severity: Severity,
      columns: Type.Array(DatasetColumn, {
        description: 'Columns that must be there with these types; others may be.',
      }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('range'),
      severity: Severity,
      column: Type.String(),
      min: Type.Optional(Type.Number()),
      max: Type.Optional(Type.Number()),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('nulls'),
      severity: Severity,
      column: Type.String(),
      maxShare: Type.Number({ minimum: 0, maximum: 1 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { kind: Type.Literal('unique'), severity: Severity, columns: Type.Array(Type.String(), { minItems: 1 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('rows'),
      severity: Severity,
      min: Type.Optional(Type.Integer({ minimum: 0 })),
      max: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('values'),
      severity: Severity,
      column: Type.String(),
      allowed: Type.Array(Type.String(), { minItems: 1, maxItems: 10_000 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('freshness'),
      severity: Severity,
      column: Type.String(),
      maxAgeHours: Type.Number({ minimum: 0, description: 'Newest value against event time of the project.' }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('condition'),
      severity: Severity,
      sql: Type.String({
        minLength: 1,
        maxLength: 2000,
        description:
          'Boolean SQL expression over the columns of a row, such as `landed_at >= departed_at`. As in a CHECK of SQL, a row breaks it where it is false; null passes.',
      }),
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'What messages call it.' })),
      maxShare: Type.Optional(
        Type.Number({ minimum: 0, maximum: 1, default: 0, description: 'Share of the rows that may break it.' }),
      ),
    },
    { additionalProperties: false },
  ),
])
export type DatasetCheck = Static<typeof DatasetCheck>

export const DatasetCheckResult = Type.Object({
  check: DatasetCheck,
  passed: Type.Boolean(),
  message: Type.String({ description: 'What was found, in one sentence.' }),
})
export type DatasetCheckResult = Static<typeof DatasetCheckResult>

const NullableNumber = Type.Union([Type.Number(), Type.Null()])
const Bins = Type.Object({
  edges: Type.Array(Type.Number()),
  counts: Type.Array(Type.Integer()),
  under: Type.Integer(),
  over: Type.Integer(),
})
export const ColumnProfile = Type.Object({
  name: Type.String(),
  type: ColumnType,
  kind: Type.Union([
    Type.Literal('numeric'),
    Type.Literal('temporal'),
    Type.Literal('categorical'),
    Type.Literal('opaque'),
  ]),
  count: Type.Integer({ description: 'Rows with a value.' }),
  nulls: Type.Integer(),
  nonFinite: Type.Integer(),
  distinct: NullableNumber,
  min: NullableNumber,
  max: NullableNumber,
  mean: NullableNumber,
  std: NullableNumber,
  quantiles: Type.Union([Type.Array(Type.Number()), Type.Null()]),
  bins: Type.Union([Bins, Type.Null()], { description: 'Counts between the quantiles: the reference for drift.' }),
  histogram: Type.Union([Bins, Type.Null()], {
    description: 'Counts in bins of equal width between the 1 % and 99 % quantiles: for charts.',
  }),
  top: Type.Union([Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() })), Type.Null()]),
  other: NullableNumber,
})
export const DatasetProfile = Type.Object({
  schema: Type.Literal(1),
  rows: Type.Integer(),
  quantilePoints: Type.Array(Type.Number()),
  columns: Type.Array(ColumnProfile),
})
export type DatasetProfile = Static<typeof DatasetProfile>

/** Rows of each class of the declared label. */
export const ClassBalance = Type.Object({
  column: Type.String(),
  rows: Type.Integer({ description: 'Rows with a label.' }),
  classes: Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() }), {
    description: 'By falling count, at most 50.',
  }),
  other: Type.Integer({ description: 'Rows of classes beyond those.' }),
  /** Shannon's evenness: 1 when all classes are as frequent, near 0 when one has nearly all rows. Null below two classes. */
  evenness: NullableNumber,
})
export type ClassBalance = Static<typeof ClassBalance>

/** Statistics of one column within one slice. */
export const SliceColumn = Type.Object({
  name: Type.String(),
  count: Type.Integer(),
  nulls: Type.Integer(),
  distinct: Type.Integer({ description: 'Estimated (HyperLogLog).' }),
  min: NullableNumber,
  max: NullableNumber,
  mean: NullableNumber,
  std: NullableNumber,
  /** At 5, 25, 50, 75 and 95 %. Null for columns without an order. */
  quantiles: Type.Union([Type.Array(Type.Number()), Type.Null()]),
  /** The value that more than half of the rows with a value have. */
  majority: Type.Union([Type.Object({ value: Type.String(), share: Type.Number() }), Type.Null()]),
  lowVariance: Type.Boolean({ description: 'One value has at least 95 % of the rows with a value.' }),
})
export type SliceColumn = Static<typeof SliceColumn>

/** Statistics of the rows that a version brought, for each value of one declared column. */
export const DatasetSlices = Type.Object({
  column: Type.String(),
  /** By falling number of rows. `value` null: rows without a value. */
  slices: Type.Array(
    Type.Object({
      value: Type.Union([Type.String(), Type.Null()]),
      rows: Type.Integer(),
      columns: Type.Array(SliceColumn),
      balance: Type.Union([ClassBalance, Type.Null()]),
    }),
  ),
  otherSlices: Type.Integer({ description: 'Values that were too many to be kept, and' }),
  otherRows: Type.Integer({ description: 'the rows that have them.' }),
})
export type DatasetSlices = Static<typeof DatasetSlices>

/** Why somebody should look at a column. */
export const AttentionFinding = Type.Object({
  kind: Type.Union([
    Type.Literal('empty'),
    Type.Literal('constant'),
    Type.Literal('low-variance'),
    Type.Literal('missing'),
    Type.Literal('more-missing'),
    Type.Literal('not-finite'),
    Type.Literal('identifier'),
    Type.Literal('imbalance'),
    Type.Literal('shifted'),
    Type.Literal('new'),
  ]),
  weight: Type.Number({ minimum: 0, maximum: 1 }),
  message: Type.String(),
})
/** A column with what is odd about it. */
export const ColumnAttention = Type.Object({
  column: Type.String(),
  score: Type.Number({ description: 'What the columns are ranked by: 1 − the product of 1 − weight.' }),
  findings: Type.Array(AttentionFinding),
})
export type ColumnAttention = Static<typeof ColumnAttention>

/** Who answers for a dataset. Names of people, teams or suppliers. */
export const DatasetOwners = Type.Object(
  {
    producer: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Who produces it, also when that is outsourced.',
    }),
    maintainer: Type.String({ minLength: 1, maxLength: 200, description: 'Who keeps it up.' }),
    quality: Type.String({ minLength: 1, maxLength: 200, description: 'Who answers for its quality.' }),
  },
  { additionalProperties: false },
)
export type DatasetOwners = Static<typeof DatasetOwners>

/** When the values of a column exist: the given time after the row's event time, or at the time in another column. */
export const ColumnAvailability = Type.Union([
  Type.Object({ after: Type.String({ pattern: '^[0-9]+(m|h|d)$' }) }, { additionalProperties: false }),
  Type.Object({ at: Type.String({ minLength: 1, maxLength: 200 }) }, { additionalProperties: false }),
])
export type ColumnAvailability = Static<typeof ColumnAvailability>

const Declaration = {
  owners: Type.Optional(
    Type.Union([DatasetOwners, Type.Null()], {
      description: 'A dataset without them is refused in a pipeline with `production: true`.',
    }),
  ),
  slices: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 5,
      description: 'Columns by whose values each new version is profiled apart.',
    }),
  ),
  label: Type.Optional(
    Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()], {
      description: 'Column with the class; its balance is kept with each version.',
    }),
  ),
  availability: Type.Optional(
    Type.Record(Type.String(), ColumnAvailability, {
      description:
        'Columns whose values exist only later than the row. A `features` step refuses features made of them: at serving time they would not be there.',
    }),
  ),
  personal: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 500,
      description:
        'Columns that are about persons. Whoever lacks `data:read-personal` reads `redacted` in every column of these names in the project.',
    }),
  ),
  subjectColumn: Type.Optional(
    Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()], {
      description:
        'Column that says whose row it is, such as a customer number. With it the personal columns of each new version are encrypted with a key for each person, so that an erasure reaches every copy.',
    }),
  ),
}

export const DatasetVersion = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  digest: Type.String({
    description:
      'SHA-256 over the schema and the digests of the files: the same rows in the same files have the same digest.',
  }),
  mode: Type.Union([Type.Literal('append'), Type.Literal('replace')]),
  rows: Type.Integer(),
  addedRows: Type.Integer(),
  bytes: Type.Integer(),
  files: Type.Integer(),
  columns: Type.Array(DatasetColumn),
  eventTimeColumn: Type.Union([Type.String(), Type.Null()]),
  minTime: Type.Union([Type.Integer(), Type.Null()], { description: 'Oldest event time in the whole version.' }),
  maxTime: Type.Union([Type.Integer(), Type.Null()]),
  state: Type.Union([Type.Literal('valid'), Type.Literal('warned')]),
  note: Type.String(),
  createdAt: Type.Integer(),
  createdBy: Type.String(),
  createdByName: Type.String(),
  sealed: Type.Array(Type.String(), {
    description: 'Columns that are encrypted with a key for each person.',
  }),
  redacted: Type.Union([Type.Object({ people: Type.Integer(), rows: Type.Integer() }), Type.Null()], {
    description: 'People who were erased, and their rows: their personal values read `redacted`, for everybody.',
  }),
})
export type DatasetVersion = Static<typeof DatasetVersion>

export const Dataset = Type.Object({
  name: Type.String(),
  description: Type.String(),
  versions: Type.Integer(),
  checks: Type.Array(DatasetCheck),
  latest: Type.Union([DatasetVersion, Type.Null()]),
  rejectedAt: Type.Union([Type.Integer(), Type.Null()], {
    description: 'When data were last refused, if that is newer than the latest version.',
  }),
  rejectedReason: Type.Union([Type.String(), Type.Null()]),
  owners: Type.Union([DatasetOwners, Type.Null()]),
  slices: Type.Array(Type.String()),
  label: Type.Union([Type.String(), Type.Null()]),
  availability: Type.Record(Type.String(), ColumnAvailability),
  personal: Type.Array(Type.String()),
  subjectColumn: Type.Union([Type.String(), Type.Null()]),
})
export type Dataset = Static<typeof Dataset>

const DatasetParams = Type.Object({ project: ProjectName, dataset: EntityName })
const VersionParams = Type.Object({ project: ProjectName, dataset: EntityName, version: Type.Integer({ minimum: 1 }) })

export const listDatasets = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets',
  permission: 'dataset:read',
  schema: {
    operationId: 'listDatasets',
    summary: 'Lists datasets with their newest version.',
    params: ProjectParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({ datasets: Type.Array(Dataset), nextPageToken: Type.Union([Type.String(), Type.Null()]) }),
      403: Problem,
      404: Problem,
    },
  },
})
export const getDataset = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset',
  permission: 'dataset:read',
  schema: {
    operationId: 'getDataset',
    summary: 'Reads a dataset with its checks and its newest version.',
    params: DatasetParams,
    response: { 200: Dataset, 403: Problem, 404: Problem },
  },
})
export const listDatasetVersions = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions',
  permission: 'dataset:read',
  schema: {
    operationId: 'listDatasetVersions',
    summary: 'Lists the versions of a dataset, newest first.',
    params: DatasetParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({
        versions: Type.Array(DatasetVersion),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
export const getDatasetVersion = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions/:version',
  permission: 'dataset:read',
  schema: {
    operationId: 'getDatasetVersion',
    summary:
      'Reads one version with the profile of the rows that it brought, by slice too, its check results, and the columns that need attention, first things first.',
    params: VersionParams,
    query: Type.Object({
      compare_with: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Version that shifts are measured against; the one before unless given.',
        }),
      ),
    }),
    response: {
      200: Type.Object({
        version: DatasetVersion,
        profile: DatasetProfile,
        checks: Type.Array(DatasetCheckResult),
        balance: Type.Union([ClassBalance, Type.Null()]),
        slices: Type.Array(DatasetSlices),
        attention: Type.Array(ColumnAttention),
        comparedWith: Type.Union([Type.Integer(), Type.Null()]),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
export const addDatasetVersion = route({
  method: 'POST',
  url: '/api/v1/projects/:project/datasets/:dataset/versions',
  permission: 'dataset:write',
  requestBody: 'raw',
  schema: {
    operationId: 'addDatasetVersion',
    summary:
      'Adds a version from a Parquet or CSV file in the body. `append` adds rows to the newest version, `replace` starts anew. Declared checks may refuse it.',
    params: DatasetParams,
    query: Type.Object({
      format: Type.Union([Type.Literal('parquet'), Type.Literal('csv')]),
      mode: Type.Optional(Type.Union([Type.Literal('append'), Type.Literal('replace')], { default: 'replace' })),
      event_time: Type.Optional(Type.String({ description: 'Timestamp column that says when a row happened.' })),
      note: Type.Optional(Type.String({ maxLength: 2000 })),
      digest: Type.Optional(Digest),
      upload: Type.Optional(
        Type.String({
          pattern: '^upl_[0-9a-zA-Z]+$',
          maxLength: 80,
          description: 'A finished upload of the caller that holds the file; the body is empty then.',
        }),
      ),
    }),
    response: {
      200: Type.Object({ version: DatasetVersion, unchanged: Type.Boolean(), checks: Type.Array(DatasetCheckResult) }),
      400: Problem,
      403: Problem,
      404: Problem,
      422: Problem,
      507: Problem,
    },
  },
})
export const setDatasetChecks = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/datasets/:dataset',
  permission: 'dataset:write',
  schema: {
    operationId: 'setDatasetChecks',
    summary:
      'Declares a dataset: what it is, who answers for it, the checks that each new version must pass, what is profiled apart, and which columns come later than their row.',
    params: DatasetParams,
    body: Type.Object(
      {
        description: Type.Optional(Type.String({ maxLength: 4000 })),
        checks: Type.Optional(Type.Array(DatasetCheck, { maxItems: 500 })),
        ...Declaration,
      },
      { additionalProperties: false },
    ),
    response: { 200: Dataset, 400: Problem, 403: Problem, 404: Problem },
  },
})
export const previewDatasetRows = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions/:version/rows',
  permission: 'dataset:read',
  load: 'heavy',
  alsoNeeds: ['data:read-rows'],
  sensitive: 'rows',
  schema: {
    operationId: 'previewDatasetRows',
    summary: 'Reads the first rows of a version.',
    params: VersionParams,
    query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })) }),
    response: {
      200: Type.Object({ columns: Type.Array(DatasetColumn), rows: Type.Array(Type.Array(Type.Unknown())) }),
      403: Problem,
      404: Problem,
    },
  },
})
export const downloadDatasetVersion = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions/:version/file',
  permission: 'dataset:read',
  alsoNeeds: ['data:read-rows'],
  responseBody: 'raw',
  sensitive: 'export',
  schema: {
    operationId: 'downloadDatasetVersion',
    summary: 'Downloads a version as one Parquet file.',
    params: VersionParams,
    response: { 403: Problem, 404: Problem },
  },
})
