import { Problem, route } from '@trivium/contract'
import { Type } from 'typebox'

/** Exchanges the one-time token of a login link for a session cookie. */
export const exchangeLogin = route({
  method: 'POST',
  url: '/api/v1/login',
  permission: 'public',
  schema: {
    operationId: 'exchangeLogin',
    summary: 'Exchanges a one-time login link for a session.',
    body: Type.Object({ token: Type.String() }, { additionalProperties: false }),
    response: { 200: Type.Object({ principalId: Type.String(), expiresAt: Type.Integer() }), 401: Problem },
  },
})

/** Who the reader is, and which projects he may see. */
export const getSession = route({
  method: 'GET',
  url: '/api/v1/session',
  permission: 'authenticated',
  schema: {
    operationId: 'getSession',
    summary: 'Reads who is signed in, with the projects and roles.',
    response: {
      200: Type.Object({
        principal: Type.Object({ id: Type.String(), name: Type.String(), kind: Type.String() }),
        projects: Type.Array(
          Type.Object({
            name: Type.String(),
            role: Type.Union([Type.String(), Type.Null()]),
            permissions: Type.Array(Type.String()),
          }),
        ),
      }),
      401: Problem,
    },
  },
})

/** Ends the session. */
export const endSession = route({
  method: 'DELETE',
  url: '/api/v1/session',
  permission: 'authenticated',
  schema: {
    operationId: 'endSession',
    summary: 'Signs out: the session is revoked.',
    response: { 204: Type.Undefined() },
  },
})
