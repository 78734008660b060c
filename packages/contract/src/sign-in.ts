import { type Static, Type } from 'typebox'
import { Problem } from './common.ts'
import { route } from './route.ts'

const NullableMillis = Type.Union([Type.Integer(), Type.Null()])

/** How somebody signed in. `unknown`: by a program before this one. */
export const SignInMethod = Type.Union([
  Type.Literal('link'),
  Type.Literal('provider'),
  Type.Literal('password'),
  Type.Literal('invitation'),
  Type.Literal('unknown'),
])
export type SignInMethod = Static<typeof SignInMethod>

/** A browser that is signed in. */
export const Session = Type.Object({
  id: Type.String(),
  principal: Type.String(),
  principalName: Type.String(),
  method: SignInMethod,
  /** Network address from which the session began. */
  address: Type.String(),
  /** What the browser called itself when the session began. */
  browser: Type.String(),
  createdAt: Type.Integer(),
  /** To the minute. */
  lastUsedAt: NullableMillis,
  /** When it ends for want of use, unless it is used before. */
  idleEndsAt: Type.Integer(),
  /** When it ends at the latest. */
  expiresAt: NullableMillis,
  /** Whether it is the session that asks. */
  current: Type.Boolean(),
})
export type Session = Static<typeof Session>

export const listSessions = route({
  method: 'GET',
  url: '/api/v1/sessions',
  permission: 'authenticated',
  sensitive: 'tokens',
  schema: {
    operationId: 'listSessions',
    summary:
      "Lists the caller's browser sessions that go on; the administrator of the instance may ask for everybody's.",
    query: Type.Object({ all: Type.Optional(Type.Boolean({ default: false })) }),
    response: { 200: Type.Object({ sessions: Type.Array(Session) }), 403: Problem },
  },
})
export const endSession = route({
  method: 'DELETE',
  url: '/api/v1/sessions/:session',
  permission: 'authenticated',
  schema: {
    operationId: 'endSession',
    summary: "Ends one of the caller's sessions at once; the administrator of the instance may end anybody's.",
    params: Type.Object({ session: Type.String({ maxLength: 100 }) }),
    response: { 200: Type.Object({}), 404: Problem },
  },
})
export const endSessions = route({
  method: 'DELETE',
  url: '/api/v1/sessions',
  permission: 'authenticated',
  schema: {
    operationId: 'endSessions',
    summary:
      'Ends all sessions of the caller but the one that asks; of somebody else (the administrator of the instance may) all.',
    query: Type.Object({ of: Type.Optional(Type.String({ maxLength: 63, description: 'Name of the account.' })) }),
    response: { 200: Type.Object({ ended: Type.Integer() }), 403: Problem, 404: Problem },
  },
})
