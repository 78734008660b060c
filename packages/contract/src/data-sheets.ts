import { type Static, Type } from 'typebox'
import { EntityName, Problem, ProjectName } from './common.ts'
import { ColumnType, DatasetCheckResult, DatasetOwners } from './datasets.ts'
import { route } from './route.ts'

/** What only people can write about a dataset, in the order of a sheet: the question that each part answers. */
export const sheetQuestions = {
  motivation: 'What was it made for, by whom, and who paid for it?',
  collection: 'How were the data collected, over what time, and what was left out?',
  uses: 'What should it be used for, and what not?',
  limits: 'What is it known to get wrong, leave out or over-represent?',
  licence: 'Under which terms may it be used and passed on?',
  consent: 'What did the people in it agree to, and how do they take it back?',
  maintenance: 'How often is it renewed, by whom, and what happens to old versions?',
  contact: 'Who is asked, and where are mistakes reported?',
} as const
export type SheetPartName = keyof typeof sheetQuestions
export const sheetPartNames = Object.keys(sheetQuestions) as readonly SheetPartName[]

const TextOrNull = Type.Union([Type.String(), Type.Null()])
const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const PartName = Type.Union([
  Type.Literal('motivation'),
  Type.Literal('collection'),
  Type.Literal('uses'),
  Type.Literal('limits'),
  Type.Literal('licence'),
  Type.Literal('consent'),
  Type.Literal('maintenance'),
  Type.Literal('contact'),
])

/** A part as it was last written. */
export const SheetPart = Type.Object({
  part: PartName,
  text: Type.String({ description: 'Markdown.' }),
  /** 1 for the first text; 0 where nobody has written any. */
  revision: Type.Integer(),
  /** The version of the dataset that was the newest when it was written. */
  version: Type.Union([Type.Integer(), Type.Null()]),
  at: Type.Union([Type.Integer(), Type.Null()]),
  byName: TextOrNull,
})
export type SheetPart = Static<typeof SheetPart>

const SheetUse = Type.Object({ urn: Type.String(), kind: Type.String(), name: Type.String(), version: TextOrNull })

/** The data sheet of a version: what is on record, and what people wrote. */
export const DataSheet = Type.Object({
  dataset: Type.String(),
  version: Type.Integer(),
  urn: Type.String(),
  digest: Type.String(),
  description: Type.String(),
  composition: Type.Object({
    rows: Type.Integer(),
    addedRows: Type.Integer(),
    bytes: Type.Integer(),
    eventTime: Type.Union([Type.Object({ column: Type.String(), from: NumberOrNull, to: NumberOrNull }), Type.Null()]),
    /** Statistics are of the rows that this version brought; null where they are not kept, or may not be shown to the reader. */
    columns: Type.Array(
      Type.Object({
        name: Type.String(),
        type: ColumnType,
        personal: Type.Boolean(),
        sealed: Type.Boolean({ description: 'Encrypted with a key for each person.' }),
        missing: NumberOrNull,
        distinct: NumberOrNull,
        min: NumberOrNull,
        mean: NumberOrNull,
        max: NumberOrNull,
        top: TextOrNull,
      }),
    ),
    label: Type.Union([
      Type.Object({
        column: Type.String(),
        classes: Type.Array(Type.Object({ value: Type.String(), count: Type.Integer() })),
      }),
      Type.Null(),
    ]),
    subjectColumn: TextOrNull,
    redacted: Type.Union([Type.Object({ people: Type.Integer(), rows: Type.Integer() }), Type.Null()]),
  }),
  origin: Type.Object({
    addedAt: Type.Integer(),
    addedByName: Type.String(),
    note: Type.String(),
    mode: Type.Union([Type.Literal('append'), Type.Literal('replace')]),
    /** What it was made from, as events say. */
    madeFrom: Type.Array(Type.Object({ ...SheetUse.properties, as: Type.String() })),
  }),
  checks: Type.Array(DatasetCheckResult),
  owners: Type.Union([DatasetOwners, Type.Null()]),
  /** Runs, models, deployments and others that were made from this version, in the order of kinds; later versions of the dataset are not followed. */
  usedBy: Type.Array(SheetUse),
  /** There are more uses than are listed. */
  moreUses: Type.Boolean(),
  /** Every part, in the order of a sheet. */
  parts: Type.Array(SheetPart),
})
export type DataSheet = Static<typeof DataSheet>

const VersionParams = Type.Object({ project: ProjectName, dataset: EntityName, version: Type.Integer({ minimum: 1 }) })

export const getDataSheet = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions/:version/sheet',
  permission: 'dataset:read',
  load: 'heavy',
  schema: {
    operationId: 'getDataSheet',
    summary: 'Reads the data sheet of a version: what records say, and what people wrote about the dataset.',
    params: VersionParams,
    response: { 200: DataSheet, 403: Problem, 404: Problem },
  },
})

export const exportDataSheet = route({
  method: 'GET',
  url: '/api/v1/projects/:project/datasets/:dataset/versions/:version/sheet/file',
  permission: 'dataset:read',
  load: 'heavy',
  responseBody: 'raw',
  schema: {
    operationId: 'exportDataSheet',
    summary: 'Downloads the data sheet of a version as Markdown or as JSON.',
    params: VersionParams,
    query: Type.Object({
      format: Type.Optional(Type.Union([Type.Literal('markdown'), Type.Literal('json')], { default: 'markdown' })),
    }),
    response: { 403: Problem, 404: Problem },
  },
})

export const writeSheetPart = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/datasets/:dataset/sheet/:part',
  permission: 'dataset:write',
  schema: {
    operationId: 'writeSheetPart',
    summary:
      'Writes a part of a dataset’s sheet that only people can write; earlier texts are kept with their authors.',
    params: Type.Object({ project: ProjectName, dataset: EntityName, part: PartName }),
    body: Type.Object(
      {
        text: Type.String({ maxLength: 20_000, description: 'Markdown; empty takes it back.' }),
        after: Type.Integer({ minimum: 0, description: 'The revision that was read; 0 where there was none.' }),
      },
      { additionalProperties: false },
    ),
    response: { 200: SheetPart, 403: Problem, 404: Problem, 409: Problem },
  },
})
