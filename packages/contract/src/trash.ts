import { type Static, Type } from 'typebox'
import { PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunId } from './tracking.ts'

const removal = {
  deletedAt: Type.Integer(),
  /** When it is removed for good by itself; null where nothing is, or where something holds it. */
  removedAt: Type.Union([Type.Integer(), Type.Null()]),
  /** URN of what was made from it and needs it, such as a model version; it stays until that is deleted. */
  heldBy: Type.Union([Type.String(), Type.Null()]),
}

/** A deleted experiment. The runs that were deleted with it are counted, not listed. */
export const TrashedExperiment = Type.Object({
  id: Type.String(),
  name: Type.String(),
  runs: Type.Integer(),
  ...removal,
  /** Its removal has begun and cannot be taken back. */
  removing: Type.Boolean(),
})
export type TrashedExperiment = Static<typeof TrashedExperiment>

/** A deleted run of an experiment that was not deleted. */
export const TrashedRun = Type.Object({
  id: Type.String(),
  name: Type.String(),
  experimentId: Type.String(),
  experiment: Type.String({ description: 'Name of the experiment.' }),
  files: Type.Integer(),
  /** Bytes of its files. */
  bytes: Type.Integer(),
  ...removal,
})
export type TrashedRun = Static<typeof TrashedRun>

export const listTrash = route({
  method: 'GET',
  url: '/api/v1/projects/:project/trash',
  permission: 'run:read',
  schema: {
    operationId: 'listTrash',
    summary: 'Lists deleted experiments and runs, the last deleted first, and when they are removed for good.',
    params: ProjectParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({
        /** Days after which what was deleted is removed; 0 keeps it until somebody removes it. */
        keptDays: Type.Integer(),
        /** All of them, on the first page. */
        experiments: Type.Array(TrashedExperiment),
        runs: Type.Array(TrashedRun),
        nextPageToken: Type.Union([Type.String(), Type.Null()]),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const listDeletedModels = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/deleted-models',
  permission: 'run:read',
  schema: {
    operationId: 'listDeletedModels',
    summary: 'Ids of the deleted logged models of an experiment, which no search of MLflow lists.',
    params: Type.Object({ project: ProjectName, experiment: ExperimentId }),
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({ models: Type.Array(Type.String()), nextPageToken: Type.Union([Type.String(), Type.Null()]) }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const emptyTrash = route({
  method: 'POST',
  url: '/api/v1/projects/:project/trash/remove',
  permission: 'run:delete',
  schema: {
    operationId: 'emptyTrash',
    summary:
      'Removes deleted experiments and runs for good, with their metrics, files and logged models; names become free. It cannot be taken back.',
    params: ProjectParams,
    body: Type.Object(
      {
        experiments: Type.Optional(Type.Array(ExperimentId, { maxItems: 100 })),
        runs: Type.Optional(Type.Array(RunId, { maxItems: 500 })),
        all: Type.Optional(
          Type.Boolean({ description: 'Everything that is in the trash now and that nothing holds.' }),
        ),
      },
      { additionalProperties: false },
    ),
    response: {
      202: Type.Object({
        /** How many are removed, or are being removed. */
        experiments: Type.Integer(),
        runs: Type.Integer(),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})
