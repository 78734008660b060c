import { type Static, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ExperimentId } from './tracking.ts'

const what = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  experiment: ExperimentId,
  /** As `searchRuns` takes it. */
  filter: Type.String({ maxLength: 4000 }),
  /** Columns, a minus before those that fall: `-metrics.auc,start_time`. */
  sort: Type.String({ maxLength: 2000 }),
  columns: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 200 }),
  /** Parameters or tags that runs are grouped by. */
  group: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 3 }),
  /** Charts and panels of the page, as its address writes them: `{show: 'panels', find: '^val/'}`. */
  layout: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z]{1,20}$' }), Type.String({ maxLength: 4000 }), { maxProperties: 30 }),
  ),
  /** Everybody who reads the project's runs has it. */
  shared: Type.Boolean(),
}

/** A search over an experiment's runs that was saved under a name: filter, sort, columns, grouping, charts. */
export const RunView = Type.Object({
  id: Type.String(),
  ...what,
  /** Whose it is. */
  owner: Type.String(),
  ownerName: Type.String(),
  mine: Type.Boolean(),
  updatedAt: Type.Integer(),
})
export type RunView = Static<typeof RunView>

export const listRunViews = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-views',
  permission: 'run:read',
  schema: {
    operationId: 'listRunViews',
    summary: 'Lists the views of runs that are mine or shared, by name.',
    params: ProjectParams,
    query: Type.Object({ experiment: Type.Optional(ExperimentId) }),
    response: { 200: Type.Object({ views: Type.Array(RunView) }), 403: Problem, 404: Problem },
  },
})

export const saveRunView = route({
  method: 'POST',
  url: '/api/v1/projects/:project/run-views',
  permission: 'run:read',
  schema: {
    operationId: 'saveRunView',
    summary: 'Saves a view of runs; mine of the same name is replaced. Sharing one needs `run:write`.',
    params: ProjectParams,
    body: Type.Object(what, { additionalProperties: false }),
    response: { 200: RunView, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const deleteRunView = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/run-views/:view',
  permission: 'run:read',
  schema: {
    operationId: 'deleteRunView',
    summary: 'Deletes a view of mine, or with `run:write` one that is shared.',
    params: Type.Object({ project: ProjectName, view: Type.String({ pattern: '^[\\w-]{1,64}$' }) }),
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})
