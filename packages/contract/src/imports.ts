import { Type, type Static } from 'typebox'
import { Digest, Millis, PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedSeries,
} from './imported-content.ts'
import { ImportedEvaluationRecord, ImportedEvaluationSet, ImportedTrace } from './imported-traces.ts'
import { route } from './route.ts'
import { TraceId } from './traces.ts'

const strict = { additionalProperties: false } as const
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$' })
const Owner = Type.String({
  pattern: '^((run|logged-model)/[A-Za-z0-9][A-Za-z0-9_-]{0,127}|trace/[a-zA-Z0-9][\\w.:-]{0,255})$',
  description: '`run/ID`, `logged-model/ID` or `trace/ID`.',
})
const ArtifactPath = Type.String({ minLength: 1, maxLength: 1000 })

/** What was compared of one experiment: counts, and a digest over the canonical content of all its runs, here and at the source. */
export const ImportedCounts = Type.Object(
  {
    runs: Type.Integer(),
    params: Type.Integer(),
    tags: Type.Integer(),
    points: Type.Integer(),
    digest: Digest,
  },
  strict,
)
export type ImportedCounts = Static<typeof ImportedCounts>

/** What an import brought, what it could not take and why, and how both sides compare. */
export const ImportReport = Type.Object(
  {
    verified: Type.Boolean({ description: 'Everything that was taken is the same here as at the source.' }),
    experiments: Type.Array(
      Type.Object(
        {
          name: Type.String({ maxLength: 500 }),
          sourceId: Type.String({ maxLength: 200 }),
          id: Type.String({ maxLength: 200 }),
          source: ImportedCounts,
          here: ImportedCounts,
          same: Type.Boolean(),
        },
        strict,
      ),
      { maxItems: 5000 },
    ),
    loggedModels: Type.Integer(),
    models: Type.Integer(),
    versions: Type.Integer(),
    traces: Type.Optional(Type.Integer({ description: 'Compared by the digest of each, spans and all.' })),
    evaluationSets: Type.Optional(Type.Integer({ description: 'Compared with all records by the digest of each.' })),
    evaluationRecords: Type.Optional(Type.Integer()),
    files: Type.Integer(),
    bytes: Type.Integer(),
    unchangedRuns: Type.Integer({
      description: 'Runs that an earlier import had brought and that were not read again.',
    }),
    skipped: Type.Array(
      Type.Object({ what: Type.String({ maxLength: 1000 }), why: Type.String({ maxLength: 2000 }) }, strict),
      { maxItems: 2000, description: 'Everything that could not be taken, and why.' },
    ),
    moreSkipped: Type.Integer({ description: 'How many more there are than the list holds.' }),
  },
  strict,
)
export type ImportReport = Static<typeof ImportReport>

/** An import of experiments, runs and models from another tracker. */
export const Import = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  source: Type.String(),
  state: Type.Union([Type.Literal('open'), Type.Literal('finished')]),
  startedAt: Millis,
  lastAt: Millis,
  finishedAt: Type.Union([Millis, Type.Null()]),
  by: Type.String(),
  experiments: Type.Array(Type.Object({ sourceId: Type.String(), id: Type.String(), name: Type.String() })),
  runs: Type.Integer(),
  report: Type.Union([ImportReport, Type.Null()]),
})
export type Import = Static<typeof Import>

const ImportParams = Type.Object({
  project: ProjectName,
  import: Type.String({ pattern: '^imp_[0-9a-zA-Z]+$', maxLength: 80 }),
})
const writes = { permission: 'run:write', alsoNeeds: ['model:write'] } as const
const refusals = { 400: Problem, 403: Problem, 404: Problem, 409: Problem, 429: Problem } as const

export const listImports = route({
  method: 'GET',
  url: '/api/v1/projects/:project/imports',
  permission: 'run:read',
  schema: {
    operationId: 'listImports',
    summary: 'Lists the imports from other trackers, newest first.',
    params: ProjectParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({ imports: Type.Array(Import), nextPageToken: Type.Union([Type.String(), Type.Null()]) }),
      403: Problem,
      404: Problem,
    },
  },
})

export const getImport = route({
  method: 'GET',
  url: '/api/v1/projects/:project/imports/:import',
  permission: 'run:read',
  schema: {
    operationId: 'getImport',
    summary: 'An import with its report.',
    params: ImportParams,
    response: { 200: Import, 403: Problem, 404: Problem },
  },
})

export const startImport = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports',
  ...writes,
  schema: {
    operationId: 'startImport',
    summary: 'Begins an import, or returns the open one of the same source, so that one that was broken off goes on.',
    params: ProjectParams,
    body: Type.Object(
      {
        kind: Type.Union([
          Type.Literal('mlflow-server'),
          Type.Literal('mlflow-database'),
          Type.Literal('mlflow-files'),
          Type.Literal('wandb'),
          Type.Literal('tensorboard'),
        ]),
        source: Type.String({
          minLength: 1,
          maxLength: 2000,
          description: 'Where it comes from, for people, without credentials; the server never opens it.',
        }),
      },
      strict,
    ),
    response: { 200: Import, ...refusals },
  },
})

export const sendImportBatch = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/batch',
  ...writes,
  load: 'log',
  bodyLimit: 64 * 2 ** 20,
  schema: {
    operationId: 'sendImportBatch',
    summary:
      'Takes experiments, runs, points, models, traces and evaluation datasets of the source: all of the batch or nothing, and the same batch again changes nothing. Ids and times stay what they are. What the project does not take is named in `refused`.',
    params: ImportParams,
    body: Type.Object(
      {
        experiments: Type.Optional(Type.Array(ImportedExperiment, { maxItems: 1000 })),
        runs: Type.Optional(Type.Array(ImportedRun, { maxItems: 1000 })),
        series: Type.Optional(Type.Array(ImportedSeries, { maxItems: 20_000 })),
        loggedModels: Type.Optional(Type.Array(ImportedLoggedModel, { maxItems: 1000 })),
        models: Type.Optional(Type.Array(ImportedModel, { maxItems: 100 })),
        traces: Type.Optional(Type.Array(ImportedTrace, { maxItems: 500 })),
        evaluationSets: Type.Optional(Type.Array(ImportedEvaluationSet, { maxItems: 100 })),
        evaluationRecords: Type.Optional(Type.Array(ImportedEvaluationRecord, { maxItems: 1000 })),
        complete: Type.Optional(
          Type.Array(Type.Object({ run: Id, mark: Type.String({ maxLength: 100 }) }, strict), {
            maxItems: 10_000,
            description: 'Runs of which everything has arrived, with a mark by which the client knows them again.',
          }),
        ),
      },
      strict,
    ),
    response: {
      200: Type.Object({
        experiments: Type.Array(Type.Object({ sourceId: Type.String(), id: Type.String(), made: Type.Boolean() })),
        refused: Type.Array(Type.Object({ what: Type.String(), why: Type.String() })),
      }),
      ...refusals,
    },
  },
})

export const findImportedRuns = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/known',
  ...writes,
  schema: {
    operationId: 'findImportedRuns',
    summary: 'The marks of those runs that were brought completely by this or an earlier import of the source.',
    params: ImportParams,
    body: Type.Object({ runs: Type.Array(Id, { maxItems: 5000 }) }, strict),
    response: { 200: Type.Object({ marks: Type.Record(Type.String(), Type.String()) }), ...refusals },
  },
})

export const digestImportedRuns = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/digests',
  ...writes,
  load: 'heavy',
  schema: {
    operationId: 'digestImportedRuns',
    summary: 'Counts and digest of the canonical content of each of these runs, as it is stored here now.',
    params: ImportParams,
    body: Type.Object({ runs: Type.Array(Id, { maxItems: 500 }) }, strict),
    response: {
      200: Type.Object({
        runs: Type.Array(
          Type.Object({
            run: Type.String(),
            params: Type.Integer(),
            tags: Type.Integer(),
            points: Type.Integer(),
            digest: Digest,
          }),
        ),
      }),
      ...refusals,
    },
  },
})

export const digestImportedContent = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/content-digests',
  ...writes,
  load: 'heavy',
  schema: {
    operationId: 'digestImportedContent',
    summary:
      'Digest of the canonical content of each of these traces and evaluation datasets, as it is stored here now; what is not here is left out.',
    params: ImportParams,
    body: Type.Object(
      {
        traces: Type.Optional(Type.Array(TraceId, { maxItems: 500 })),
        evaluationSets: Type.Optional(Type.Array(Id, { maxItems: 100 })),
      },
      strict,
    ),
    response: {
      200: Type.Object({
        traces: Type.Record(Type.String(), Digest),
        evaluationSets: Type.Record(Type.String(), Digest),
      }),
      ...refusals,
    },
  },
})

export const listImportedFiles = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/files/list',
  ...writes,
  schema: {
    operationId: 'listImportedFiles',
    summary: 'The files that runs and logged models have here.',
    params: ImportParams,
    body: Type.Object({ owners: Type.Array(Owner, { maxItems: 500 }) }, strict),
    response: {
      200: Type.Object({
        files: Type.Array(
          Type.Object({ owner: Type.String(), path: Type.String(), digest: Digest, size: Type.Integer() }),
        ),
      }),
      ...refusals,
    },
  },
})

export const putImportedFile = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/imports/:import/file',
  ...writes,
  requestBody: 'raw',
  bodyLimit: 2 ** 30,
  schema: {
    operationId: 'putImportedFile',
    summary:
      'Takes one file of a run or logged model, also of a deleted one. Refused when the bytes have another digest.',
    params: ImportParams,
    query: Type.Object({ owner: Owner, path: ArtifactPath, digest: Type.Optional(Digest) }),
    response: { 200: Type.Object({ digest: Digest, size: Type.Integer() }), ...refusals, 507: Problem },
  },
})

export const addImportedFile = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/file',
  ...writes,
  schema: {
    operationId: 'addImportedFile',
    summary: 'Makes a finished upload in parts a file of a run or logged model.',
    params: ImportParams,
    body: Type.Object({ owner: Owner, path: ArtifactPath, upload: Type.String({ maxLength: 80 }) }, strict),
    response: { 200: Type.Object({ digest: Digest, size: Type.Integer() }), ...refusals },
  },
})

export const finishImport = route({
  method: 'POST',
  url: '/api/v1/projects/:project/imports/:import/finish',
  ...writes,
  bodyLimit: 8 * 2 ** 20,
  schema: {
    operationId: 'finishImport',
    summary:
      'Ends an import with the report of what was compared and what could not be taken; event `import.finished`.',
    params: ImportParams,
    body: ImportReport,
    response: { 200: Import, ...refusals },
  },
})
