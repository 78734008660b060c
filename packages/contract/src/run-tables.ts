import { type Static, Type } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { ColumnType } from './datasets.ts'
import { route } from './route.ts'

const TextOrNull = Type.Union([Type.String(), Type.Null()])

/** Larger files of tables are named and not compared: JSON is read whole, the others by the table engine. */
export const largestTable = { json: 16 * 1024 * 1024, other: 256 * 1024 * 1024 } as const

/** Tables that runs logged under one path, side by side with the first that can be read. Values are texts of at most 200 characters; what was compared is the whole value. */
export const RunTables = Type.Object({
  path: Type.String(),
  /** One a run, in the order asked for. `problem` says why there is nothing to compare. */
  tables: Type.Array(
    Type.Object({
      run: Type.String(),
      name: Type.String(),
      rows: Type.Union([Type.Integer(), Type.Null()]),
      problem: TextOrNull,
    }),
  ),
  /** Place in `tables` of the one that the others are compared with; null where none can be read. */
  baseline: Type.Union([Type.Integer(), Type.Null()]),
  /** The column that says which rows belong together; null: their place in the table. */
  key: TextOrNull,
  /** Columns of all tables, each once; `differs` counts the rows in which some table has another value than the baseline. */
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: ColumnType,
      /** Which tables have it. */
      in: Type.Array(Type.Boolean()),
      differs: Type.Integer(),
    }),
  ),
  /** Columns that were left out because there are too many. */
  leftOut: Type.Integer(),
  /** Rows that some table has, and of them those that are not the same in all. */
  rows: Type.Integer(),
  differing: Type.Integer(),
  page: Type.Array(
    Type.Object({
      key: Type.String({ description: 'Value of the key column, or the number of the row from 1.' }),
      /** One a table: what it has in each column, or null where it lacks the row. */
      cells: Type.Array(Type.Union([Type.Array(TextOrNull), Type.Null()])),
      /** One a table: the places of columns whose value is not the baseline's. */
      differs: Type.Array(Type.Array(Type.Integer())),
    }),
  ),
  nextPageToken: TextOrNull,
})
export type RunTables = Static<typeof RunTables>

export const compareRunTables = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-tables',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'compareRunTables',
    summary:
      'Compares tables that runs logged under one path (CSV, Parquet, JSON of `mlflow.log_table`): which rows and values differ from the first run’s.',
    params: ProjectParams,
    query: Type.Object({
      runs: Type.String({
        minLength: 1,
        maxLength: 400,
        description: 'Comma-separated run ids, 1 to 6; the first is the baseline.',
      }),
      path: Type.String({ minLength: 1, maxLength: 2000, description: 'Path among the files of each run.' }),
      key: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 200,
          description: 'Column that says which rows belong together; without it rows of the same place do.',
        }),
      ),
      differing: Type.Optional(
        Type.Boolean({ default: false, description: 'Only rows that are not the same in all.' }),
      ),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
      page_token: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
    }),
    response: { 200: RunTables, 400: Problem, 403: Problem, 404: Problem },
  },
})
