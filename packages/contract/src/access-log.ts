import { Type, type Static } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

/** One line of the access log: a refused request, or a read of something sensitive. Like requests of one moment are one line with a count. */
export const AccessEntry = Type.Object({
  id: Type.String(),
  at: Type.Integer(),
  kind: Type.Union([Type.Literal('denied'), Type.Literal('read')]),
  what: Type.String({
    description: 'Read: tokens, secrets, rows, export or addresses. Denied: the code of the error.',
  }),
  status: Type.Integer(),
  method: Type.String(),
  route: Type.String({ description: 'The pattern of the route.' }),
  path: Type.String({ description: 'What was asked for, without its query; the pattern where nobody was signed in.' }),
  project: Type.Union([Type.String(), Type.Null()]),
  by: Type.Union([Type.String(), Type.Null()], { description: 'null: nobody was signed in.' }),
  byName: Type.Union([Type.String(), Type.Null()]),
  permission: Type.Union([Type.String(), Type.Null()], { description: 'What the route needs.' }),
  address: Type.String({ description: 'Where the request came from.' }),
  requestId: Type.String({ description: 'Of the first of them.' }),
  count: Type.Integer({ description: 'How many like requests within two seconds.' }),
})
export type AccessEntry = Static<typeof AccessEntry>

const AccessQuery = {
  kind: Type.Optional(Type.Union([Type.Literal('denied'), Type.Literal('read')])),
  by: Type.Optional(Type.String({ maxLength: 200, description: 'Id of a person or service account.' })),
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'At this time or later, milliseconds UTC.' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'Before this time, milliseconds UTC.' })),
  before: Type.Optional(Type.String({ maxLength: 100, description: 'Id of the last entry of the page before.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
}
const AccessEntries = Type.Object({
  entries: Type.Array(AccessEntry),
  keptDays: Type.Integer({ description: 'Older entries are removed.' }),
})

export const listAccessLog = route({
  method: 'GET',
  url: '/api/v1/projects/:project/access-log',
  permission: 'audit:read',
  schema: {
    operationId: 'listAccessLog',
    summary:
      'Lists refused requests and reads of tokens, secrets, rows of data and exports in a project, newest first.',
    params: ProjectParams,
    query: Type.Object(AccessQuery),
    response: { 200: AccessEntries, 403: Problem, 404: Problem },
  },
})

export const listInstanceAccessLog = route({
  method: 'GET',
  url: '/api/v1/access-log',
  permission: 'instance:admin',
  schema: {
    operationId: 'listInstanceAccessLog',
    summary: 'Lists the access log of all projects, and of requests that named none.',
    query: Type.Object(AccessQuery),
    response: { 200: AccessEntries, 403: Problem },
  },
})
