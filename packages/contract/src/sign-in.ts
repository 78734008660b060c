import { type Static, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
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

const PersonName = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
  description: 'Lower-case letters, digits, dot, underscore, hyphen.',
})
const Secret = Type.String({ minLength: 1, maxLength: 200 })
const NewPassword = Type.String({
  minLength: 1,
  maxLength: 1000,
  description: 'At least 12 characters; not the name, not one that everybody knows.',
})
const SignedIn = Type.Object({ principal: Type.String(), expiresAt: Type.Integer() })

export const getSignIn = route({
  method: 'GET',
  url: '/api/v1/sign-in',
  permission: 'public',
  load: 'vital',
  schema: {
    operationId: 'getSignIn',
    summary: 'Says how people sign in to this server. One-time links always work.',
    response: {
      200: Type.Object({
        passwords: Type.Boolean(),
        provider: Type.Union([
          Type.Object({ name: Type.String({ description: 'Host of the identity provider.' }) }),
          Type.Null(),
        ]),
      }),
    },
  },
})
export const beginProviderSignIn = route({
  method: 'POST',
  url: '/api/v1/sign-in/provider',
  permission: 'public',
  load: 'vital',
  schema: {
    operationId: 'beginProviderSignIn',
    summary:
      'Begins a sign-in by the identity provider: remembers it in a cookie and says where to send the browser. Good for ten minutes.',
    body: Type.Object(
      {
        next: Type.Optional(Type.String({ maxLength: 2000, description: 'Path below this server to go on to.' })),
        invitation: Type.Optional(Secret),
        connect: Type.Optional(
          Type.Boolean({ description: 'Adds this way to sign in to the account that the session is of.' }),
        ),
      },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ location: Type.String() }), 403: Problem, 404: Problem, 502: Problem },
  },
})
export const finishProviderSignIn = route({
  method: 'GET',
  url: '/api/v1/sign-in/provider/callback',
  permission: 'public',
  load: 'vital',
  responseBody: 'raw',
  schema: {
    operationId: 'finishProviderSignIn',
    summary:
      'Where the identity provider sends people back to. Leads on into the UI, signed in, or to the login page with the reason why not.',
    response: {},
  },
})
export const endProviderSession = route({
  method: 'POST',
  url: '/api/v1/sign-in/provider/back-channel-logout',
  permission: 'public',
  requestBody: 'raw',
  schema: {
    operationId: 'endProviderSession',
    summary:
      'For the identity provider (OpenID Connect Back-Channel Logout): ends the sessions that its signed logout token names.',
    response: { 200: Type.Object({}), 400: Problem, 404: Problem },
  },
})
export const signInByPassword = route({
  method: 'POST',
  url: '/api/v1/sign-in/password',
  permission: 'public',
  load: 'vital',
  schema: {
    operationId: 'signInByPassword',
    summary:
      'Exchanges name and password for a browser session (an HttpOnly cookie). Throttled by account and address.',
    body: Type.Object(
      { name: Type.String({ minLength: 1, maxLength: 200 }), password: Type.String({ minLength: 1, maxLength: 1000 }) },
      { additionalProperties: false },
    ),
    response: { 200: SignedIn, 401: Problem, 403: Problem, 404: Problem, 429: Problem },
  },
})
export const setPassword = route({
  method: 'PUT',
  url: '/api/v1/password',
  permission: 'authenticated',
  schema: {
    operationId: 'setPassword',
    summary:
      "Sets the caller's own password and ends his other sessions. Needs the current one, or a session that began by other means within 15 minutes.",
    body: Type.Object(
      { current: Type.Optional(Type.String({ maxLength: 1000 })), password: NewPassword },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ ended: Type.Integer() }), 400: Problem, 403: Problem, 404: Problem, 429: Problem },
  },
})

/** A link by which somebody new gets an account and a role. */
export const Invitation = Type.Object({
  id: Type.String(),
  role: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  mail: Type.Union([Type.String(), Type.Null()]),
  invitedBy: Type.String(),
  createdAt: Type.Integer(),
  expiresAt: Type.Integer(),
  usedAt: NullableMillis,
  /** Name of the account that used it. */
  usedBy: Type.Union([Type.String(), Type.Null()]),
  revokedAt: NullableMillis,
})
export type Invitation = Static<typeof Invitation>

export const listInvitations = route({
  method: 'GET',
  url: '/api/v1/projects/:project/invitations',
  permission: 'member:write',
  schema: {
    operationId: 'listInvitations',
    summary: 'Lists the invitations to the project, newest first.',
    params: ProjectParams,
    response: { 200: Type.Object({ invitations: Type.Array(Invitation) }), 403: Problem, 404: Problem },
  },
})
export const createInvitation = route({
  method: 'POST',
  url: '/api/v1/projects/:project/invitations',
  permission: 'member:write',
  sensitive: 'secrets',
  schema: {
    operationId: 'createInvitation',
    summary: 'Makes a link for somebody new, good for one use; whoever opens it chooses a name and holds the role.',
    params: ProjectParams,
    body: Type.Object(
      {
        role: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$', description: 'A role that the project has.' }),
        name: Type.Optional(PersonName),
        mail: Type.Optional(
          Type.String({
            maxLength: 254,
            pattern: '^[^@\\s]+@[^@\\s]+$',
            description: 'Only who signs in by the identity provider with this address, verified there, may use it.',
          }),
        ),
        expiresInDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 90, default: 7 })),
      },
      { additionalProperties: false },
    ),
    response: {
      201: Type.Object({
        invitation: Invitation,
        path: Type.String({ description: 'Path below the server: /login#invitation=…' }),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
export const revokeInvitation = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/invitations/:invitation',
  permission: 'member:write',
  schema: {
    operationId: 'revokeInvitation',
    summary: 'Takes an invitation back that nobody has used.',
    params: Type.Object({ project: ProjectName, invitation: Type.String({ maxLength: 100 }) }),
    response: { 200: Type.Object({}), 403: Problem, 404: Problem },
  },
})
export const openInvitation = route({
  method: 'POST',
  url: '/api/v1/invitations/open',
  permission: 'public',
  schema: {
    operationId: 'openInvitation',
    summary: 'Says what an invitation is for, to whoever has it.',
    body: Type.Object({ token: Secret }, { additionalProperties: false }),
    response: {
      200: Type.Object({
        project: Type.String(),
        title: Type.String(),
        role: Type.String(),
        invitedBy: Type.String(),
        name: Type.Union([Type.String(), Type.Null()]),
        expiresAt: Type.Integer(),
        byProvider: Type.Boolean({ description: 'It is for one mail address: only by the identity provider.' }),
      }),
      410: Problem,
    },
  },
})
export const acceptInvitation = route({
  method: 'POST',
  url: '/api/v1/invitations/accept',
  permission: 'public',
  schema: {
    operationId: 'acceptInvitation',
    summary: 'Makes the account that an invitation is for, and signs the browser in.',
    body: Type.Object(
      { token: Secret, name: PersonName, password: Type.Optional(NewPassword) },
      { additionalProperties: false },
    ),
    response: { 200: SignedIn, 400: Problem, 403: Problem, 409: Problem, 410: Problem },
  },
})
export const joinByInvitation = route({
  method: 'POST',
  url: '/api/v1/invitations/join',
  permission: 'authenticated',
  schema: {
    operationId: 'joinByInvitation',
    summary: 'Uses an invitation for the account that calls, which gets the role.',
    body: Type.Object({ token: Secret }, { additionalProperties: false }),
    response: { 200: Type.Object({ project: Type.String() }), 403: Problem, 410: Problem },
  },
})

export const setAccountDisabled = route({
  method: 'PUT',
  url: '/api/v1/accounts/:name/disabled',
  permission: 'instance:admin',
  schema: {
    operationId: 'setAccountDisabled',
    summary:
      'Disables a person or service account, or enables it again. Disabled, its tokens and sessions are refused at once, at the gateway within two seconds.',
    params: Type.Object({ name: PersonName }),
    body: Type.Object({ disabled: Type.Boolean() }, { additionalProperties: false }),
    response: {
      200: Type.Object({ name: Type.String(), disabledAt: NullableMillis }),
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})
