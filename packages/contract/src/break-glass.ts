import { type Static, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

/** One time that somebody took an administrator's permissions in a project, for a stated reason and a short time. */
export const BreakGlass = Type.Object({
  id: Type.String(),
  /** What was done under it refers to this URN with the role `under`. */
  urn: Type.String(),
  principal: Type.String(),
  principalName: Type.String(),
  reason: Type.String(),
  startedAt: Type.Integer(),
  endsAt: Type.Integer({ description: 'When it ends, or ended, at the latest.' }),
  active: Type.Boolean(),
  endedByName: NullableText,
})
export type BreakGlass = Static<typeof BreakGlass>

export const startBreakGlass = route({
  method: 'POST',
  url: '/api/v1/projects/:project/break-glass',
  permission: 'access:break-glass',
  schema: {
    operationId: 'startBreakGlass',
    summary:
      "Takes an administrator's permissions in the project for some minutes. The project's administrators are told at once, and whatever is done meanwhile says so.",
    params: ProjectParams,
    body: Type.Object(
      {
        reason: Type.String({ minLength: 10, maxLength: 1000 }),
        minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 480, default: 60 })),
      },
      { additionalProperties: false },
    ),
    response: { 201: BreakGlass, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const listBreakGlass = route({
  method: 'GET',
  url: '/api/v1/projects/:project/break-glass',
  permission: 'project:read',
  schema: {
    operationId: 'listBreakGlass',
    summary: 'Who took an administrator’s permissions, now and before, newest first.',
    params: ProjectParams,
    response: { 200: Type.Object({ breakGlass: Type.Array(BreakGlass) }), 403: Problem, 404: Problem },
  },
})
export const endBreakGlass = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/break-glass/:id',
  permission: 'project:read',
  schema: {
    operationId: 'endBreakGlass',
    summary: 'Ends it early: whoever took it, or an administrator of the project.',
    params: Type.Object({ project: ProjectName, id: Type.String({ maxLength: 100 }) }),
    response: { 200: BreakGlass, 403: Problem, 404: Problem },
  },
})
