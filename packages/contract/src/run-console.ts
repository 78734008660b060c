import { type Static, Type } from 'typebox'
import { Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { RunId } from './tracking.ts'

const RunParams = Type.Object({ project: ProjectName, run: RunId })

/** A line that a run wrote to its console; `system` lines are ours. */
export const RunConsoleLine = Type.Object({
  at: Type.Integer({ minimum: 0, description: 'Milliseconds UTC.' }),
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('system')]),
  text: Type.String({ maxLength: 16_384 }),
})
export type RunConsoleLine = Static<typeof RunConsoleLine>

/**
 * Lines are numbered from 0. `first` is the number of the first line of the request: lines that are there already are left as they are, so that a request may be sent again;
 * a gap is refused (409) and the answer says which number is next. A console holds 8 MB of text; what comes later is not kept, and its last line says so.
 */
export const addRunConsole = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/console',
  permission: 'run:write',
  schema: {
    operationId: 'addRunConsole',
    summary: 'Adds lines to the console log of a run; sent again they change nothing.',
    params: RunParams,
    body: Type.Object(
      {
        first: Type.Integer({ minimum: 0 }),
        lines: Type.Array(RunConsoleLine, { minItems: 1, maxItems: 2000 }),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({
        next: Type.Integer({ description: 'The number of the next line.' }),
        full: Type.Boolean({ description: 'The console takes no more.' }),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})

/** A stretch of a console log. New lines are announced on the volatile channel `run.console` as {run, next}. */
export const readRunConsole = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/console',
  permission: 'run:read',
  schema: {
    operationId: 'readRunConsole',
    summary: 'Reads the console log of a run from a line on, or its last lines.',
    params: RunParams,
    query: Type.Object({
      from: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
      last: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 10_000, description: 'The last so many lines, in place of `from`.' }),
      ),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 5000 })),
    }),
    response: {
      200: Type.Object({
        /** Number of the first line of the answer. */
        first: Type.Integer(),
        lines: Type.Array(RunConsoleLine),
        /** How many lines there are. */
        total: Type.Integer(),
        full: Type.Boolean(),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const downloadRunConsole = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/console/text',
  permission: 'run:read',
  responseBody: 'raw',
  schema: {
    operationId: 'downloadRunConsole',
    summary: 'Downloads the console log of a run as text.',
    params: RunParams,
    response: { 403: Problem, 404: Problem },
  },
})
