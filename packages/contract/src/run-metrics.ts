import { type Static, Type } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunId } from './tracking.ts'

/** Moves the metric points of an ended run to its Parquet file now. 409 while it runs. */
export const moveRunMetrics = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/metrics/move',
  permission: 'run:write',
  schema: {
    operationId: 'moveRunMetrics',
    summary:
      'Moves the metric points of an ended run from the database to a Parquet file now, as it happens by itself some days after its end. Everything reads them as before.',
    params: Type.Object({ ...ProjectParams.properties, run: RunId }),
    response: {
      /** `points` in the file and its size; 0 where there was nothing to move. */
      200: Type.Object({ points: Type.Integer(), bytes: Type.Integer() }),
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})

/** What a query over runs gives: a value is a text, a number (a text beyond 2^53), a boolean, null, or a list of such. */
export const RunQueryResult = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  rows: Type.Array(Type.Array(Type.Unknown())),
})
export type RunQueryResult = Static<typeof RunQueryResult>

/**
 * Runs one SELECT (DuckDB's SQL) over the active runs of a project, with all points of their metrics wherever they are. Tables: `runs` (run_id, name, experiment_id, experiment,
 * status, user, start_time, end_time; times in milliseconds), `params` and `tags` (run_id, key, value), `metrics` (run_id, key, first, last, min, max, count, last_step),
 * `points` (run_id, key, step, timestamp, value; a NaN is null). `experiments`, `runs` and `keys` (of metrics) narrow what is read. At most 10,000 rows and 30 s; nothing
 * but these tables can be read. 422 where more would have to be read than a query may, 429 with Retry-After while others query.
 */
export const queryRuns = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/query',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'queryRuns',
    summary: 'Runs one SELECT over runs and all points of their metrics.',
    params: ProjectParams,
    body: Type.Object(
      {
        sql: Type.String({ minLength: 1, maxLength: 20_000 }),
        experiments: Type.Optional(Type.Array(ExperimentId, { minItems: 1, maxItems: 100 })),
        runs: Type.Optional(Type.Array(RunId, { minItems: 1, maxItems: 1000 })),
        keys: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 250 }), { minItems: 1, maxItems: 100 })),
      },
      { additionalProperties: false },
    ),
    response: {
      200: RunQueryResult,
      400: Problem,
      403: Problem,
      404: Problem,
      422: Problem,
      429: Problem,
      503: Problem,
      504: Problem,
    },
  },
})
