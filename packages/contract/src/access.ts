import { Type, type Static } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { PermissionName } from './permission-schema.ts'
import { AnyRoleName, GrantReason } from './roles.ts'
import { route } from './route.ts'

const PrincipalName = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
  description: 'Lower-case letters, digits, dot, underscore, hyphen.',
})
const NullableMillis = Type.Union([Type.Integer(), Type.Null()])

export const Project = Type.Object({ name: Type.String(), title: Type.String(), createdAt: Type.Integer() })
export type Project = Static<typeof Project>

export const Person = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('person'), Type.Literal('service')]),
  instanceAdmin: Type.Boolean(),
  disabledAt: NullableMillis,
  createdAt: Type.Integer(),
  roles: Type.Array(Type.Object({ project: Type.String(), role: Type.String() }), {
    description: 'Roles that somebody gave, and can take away.',
  }),
  reasons: Type.Array(GrantReason, { description: 'Everything that opens something in the project.' }),
})
export type Person = Static<typeof Person>

export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('token'), Type.Literal('session'), Type.Literal('run')]),
  principal: Type.String(),
  principalName: Type.String(),
  project: Type.Union([Type.String(), Type.Null()]),
  permissions: Type.Union([Type.Array(PermissionName), Type.Null()]),
  createdAt: Type.Integer(),
  expiresAt: NullableMillis,
  revokedAt: NullableMillis,
  lastUsedAt: NullableMillis,
  /** The token that took its place. */
  rotatedTo: Type.Union([Type.String(), Type.Null()]),
})
export type Token = Static<typeof Token>

export const exchangeLogin = route({
  method: 'POST',
  url: '/api/v1/login',
  permission: 'public',
  load: 'vital',
  schema: {
    operationId: 'exchangeLogin',
    summary: 'Exchanges a one-time login link for a browser session (an HttpOnly cookie).',
    body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }, { additionalProperties: false }),
    response: { 200: Type.Object({ principal: Type.String(), expiresAt: Type.Integer() }), 410: Problem, 403: Problem },
  },
})
export const logout = route({
  method: 'POST',
  url: '/api/v1/logout',
  permission: 'authenticated',
  load: 'vital',
  schema: {
    operationId: 'logout',
    summary: 'Ends the browser session or revokes the token that was sent.',
    response: {
      200: Type.Object({
        location: Type.Optional(
          Type.String({ description: 'Where the browser ends its session at the identity provider too.' }),
        ),
      }),
    },
  },
})
export const getSession = route({
  method: 'GET',
  url: '/api/v1/session',
  permission: 'authenticated',
  load: 'vital',
  schema: {
    operationId: 'getSession',
    summary: 'Says who calls, in which projects, with which permissions.',
    response: {
      200: Type.Object({
        id: Type.String(),
        name: Type.String(),
        kind: Type.String(),
        instanceAdmin: Type.Boolean(),
        homeProject: Type.String(),
        projects: Type.Array(
          Type.Object({ name: Type.String(), title: Type.String(), permissions: Type.Array(PermissionName) }),
        ),
      }),
    },
  },
})
export const listProjects = route({
  method: 'GET',
  url: '/api/v1/projects',
  permission: 'authenticated',
  schema: {
    operationId: 'listProjects',
    summary: 'Lists the projects that the caller may see.',
    response: { 200: Type.Object({ projects: Type.Array(Project) }) },
  },
})
export const createProject = route({
  method: 'POST',
  url: '/api/v1/projects',
  permission: 'instance:admin',
  schema: {
    operationId: 'createProject',
    summary: 'Creates a project. Its name is its id and never changes.',
    body: Type.Object(
      { name: ProjectName, title: Type.Optional(Type.String({ maxLength: 200 })) },
      { additionalProperties: false },
    ),
    response: { 201: Project, 400: Problem, 403: Problem, 409: Problem },
  },
})
export const listPeople = route({
  method: 'GET',
  url: '/api/v1/projects/:project/people',
  permission: 'project:read',
  schema: {
    operationId: 'listPeople',
    summary: 'Lists people and service accounts with a role in the project.',
    params: ProjectParams,
    response: { 200: Type.Object({ people: Type.Array(Person) }), 403: Problem, 404: Problem },
  },
})
export const addPerson = route({
  method: 'POST',
  url: '/api/v1/projects/:project/people',
  permission: 'member:write',
  schema: {
    operationId: 'addPerson',
    summary: 'Gives a person or service account a role in the project; makes the account if the name is new.',
    params: ProjectParams,
    body: Type.Object(
      {
        name: PrincipalName,
        kind: Type.Optional(Type.Union([Type.Literal('person'), Type.Literal('service')], { default: 'person' })),
        role: AnyRoleName,
      },
      { additionalProperties: false },
    ),
    response: { 201: Person, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const removeRole = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/people/:name/roles/:role',
  permission: 'member:write',
  schema: {
    operationId: 'removeRole',
    summary: 'Takes a role in the project away.',
    params: Type.Object({ project: ProjectName, name: PrincipalName, role: AnyRoleName }),
    response: { 200: Type.Object({}), 403: Problem, 404: Problem, 409: Problem },
  },
})
export const createLoginLink = route({
  method: 'POST',
  url: '/api/v1/login-links',
  permission: 'authenticated',
  sensitive: 'secrets',
  schema: {
    operationId: 'createLoginLink',
    summary:
      'Makes a one-time login link, good for five minutes: for oneself, or by an administrator for somebody else.',
    body: Type.Object({ name: Type.Optional(PrincipalName) }, { additionalProperties: false }),
    response: {
      201: Type.Object({
        path: Type.String({ description: 'Path below the server: /login#token=…' }),
        expiresAt: Type.Integer(),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
export const listTokens = route({
  method: 'GET',
  url: '/api/v1/projects/:project/tokens',
  permission: 'token:write',
  sensitive: 'tokens',
  schema: {
    operationId: 'listTokens',
    summary: "Lists the caller's tokens and sessions that work in the project; with member:write everybody's.",
    params: ProjectParams,
    response: { 200: Type.Object({ tokens: Type.Array(Token) }), 403: Problem, 404: Problem },
  },
})
export const createToken = route({
  method: 'POST',
  url: '/api/v1/projects/:project/tokens',
  permission: 'token:write',
  sensitive: 'secrets',
  schema: {
    operationId: 'createToken',
    summary:
      'Makes a token of the project, for oneself or (with member:write) for a service account. The secret is shown once.',
    params: ProjectParams,
    body: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 200 }),
        for: Type.Optional(PrincipalName),
        permissions: Type.Optional(Type.Array(PermissionName, { minItems: 1 })),
        expiresInDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3650, default: 90 })),
      },
      { additionalProperties: false },
    ),
    response: { 201: Type.Object({ token: Token, secret: Type.String() }), 400: Problem, 403: Problem, 404: Problem },
  },
})
export const rotateToken = route({
  method: 'POST',
  url: '/api/v1/projects/:project/tokens/:token/rotate',
  permission: 'token:write',
  sensitive: 'secrets',
  schema: {
    operationId: 'rotateToken',
    summary:
      'Makes a token that takes the place of another, for as long as that one was made for. The old one works on until the overlap is over. The secret is shown once.',
    params: Type.Object({ project: ProjectName, token: Type.String({ maxLength: 100 }) }),
    body: Type.Object(
      {
        overlapSeconds: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 30 * 86_400, default: 3600, description: 'How long both work.' }),
        ),
      },
      { additionalProperties: false },
    ),
    response: {
      201: Type.Object({ token: Token, secret: Type.String(), old: Token }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})
export const revokeToken = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/tokens/:token',
  permission: 'token:write',
  schema: {
    operationId: 'revokeToken',
    summary:
      'Revokes a token or ends a session; from then on it is refused everywhere, at the gateway within two seconds.',
    params: Type.Object({ project: ProjectName, token: Type.String({ maxLength: 100 }) }),
    response: { 200: Type.Object({}), 403: Problem, 404: Problem },
  },
})
export const getVersion = route({
  method: 'GET',
  url: '/api/v1/version',
  permission: 'public',
  schema: {
    operationId: 'getVersion',
    summary: 'The version of the program.',
    response: { 200: Type.Object({ version: Type.String() }) },
  },
})
