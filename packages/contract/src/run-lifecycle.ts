import { Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { RunDetail, RunId } from './tracking.ts'

/** Tag by whose value runs belong together: folds, seeds, the runs of one attempt. */
export const groupTag = 'trivium.group'

const Texts = (most: number) =>
  Type.Record(Type.String({ minLength: 1, maxLength: 250 }), Type.String({ maxLength: most }))

export const startRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs',
  permission: 'run:write',
  schema: {
    operationId: 'startRun',
    summary: 'Starts a run in an experiment, which is made if there is none of that name.',
    params: ProjectParams,
    body: Type.Object(
      {
        experiment: Type.String({ minLength: 1, maxLength: 500, description: 'Name of the experiment.' }),
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
        parent: Type.Optional(RunId),
        tags: Type.Optional(Texts(8000)),
        params: Type.Optional(Texts(6000)),
        inputs: Type.Optional(
          Type.Array(
            Type.Object({
              dataset: Type.String({ maxLength: 300, description: 'Its name.' }),
              version: Type.Integer({ minimum: 1 }),
              digest: Type.String({ minLength: 1, maxLength: 64 }),
              context: Type.Optional(Type.String({ maxLength: 500, description: 'What it is for: training.' })),
            }),
            { maxItems: 100, description: 'Versions of datasets of the project that the run reads.' },
          ),
        ),
      },
      { additionalProperties: false },
    ),
    response: { 201: RunDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const endRun = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/end',
  permission: 'run:write',
  schema: {
    operationId: 'endRun',
    summary: 'Ends a run. One that ended as another state says so afterwards.',
    params: Type.Object({ project: ProjectName, run: RunId }),
    body: Type.Object(
      { status: Type.Union([Type.Literal('FINISHED'), Type.Literal('FAILED'), Type.Literal('KILLED')]) },
      { additionalProperties: false },
    ),
    response: { 200: RunDetail, 400: Problem, 403: Problem, 404: Problem },
  },
})

export const archiveRuns = route({
  method: 'POST',
  url: '/api/v1/projects/:project/run-archive',
  permission: 'run:write',
  schema: {
    operationId: 'archiveRuns',
    summary: 'Archives runs, or brings archived ones back: tables leave them out, nothing is deleted.',
    params: ProjectParams,
    body: Type.Object(
      {
        runs: Type.Array(RunId, { minItems: 1, maxItems: 1000 }),
        archived: Type.Boolean({ description: 'false brings them back.' }),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ changed: Type.Integer({ description: 'How many were not so before.' }) }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
