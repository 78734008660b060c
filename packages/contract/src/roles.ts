import { type Static, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { PermissionName } from './permission-schema.ts'
import { route } from './route.ts'

/** Name of a role: one of the program's or one that was made here. */
export const AnyRoleName = Type.String({
  pattern: '^[a-z][a-z0-9-]{1,62}$',
  description: 'Lower-case letters, digits, hyphen.',
})
/** Name of a group of people. */
export const GroupName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._ /:-]{0,119}$',
  description: 'As the identity provider says it, or chosen here.',
})
const MemberName = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** A role: a name for permissions. */
export const RoleDefinition = Type.Object({
  name: AnyRoleName,
  /** `program`: part of Trivium; `instance`: made by an administrator for every project; `project`: made in this one. */
  origin: Type.Union([Type.Literal('program'), Type.Literal('instance'), Type.Literal('project')]),
  description: Type.String(),
  permissions: Type.Array(PermissionName),
  holders: Type.Integer({ description: 'People, service accounts and groups that hold it in this project.' }),
})
export type RoleDefinition = Static<typeof RoleDefinition>

const RoleBody = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 500 })),
    permissions: Type.Array(PermissionName, { minItems: 1, maxItems: 100, uniqueItems: true }),
  },
  { additionalProperties: false },
)

export const listRoles = route({
  method: 'GET',
  url: '/api/v1/projects/:project/roles',
  permission: 'project:read',
  schema: {
    operationId: 'listRoles',
    summary: 'Lists the roles that can be held in the project: those of the program, of the instance, its own.',
    params: ProjectParams,
    response: { 200: Type.Object({ roles: Type.Array(RoleDefinition) }), 403: Problem, 404: Problem },
  },
})
export const defineRole = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/roles/:role',
  permission: 'member:write',
  schema: {
    operationId: 'defineRole',
    summary:
      'Makes or changes a role of the project. Nobody puts into it what he does not hold; whoever holds the role gains or loses at once.',
    params: Type.Object({ project: ProjectName, role: AnyRoleName }),
    body: RoleBody,
    response: { 200: RoleDefinition, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const deleteRole = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/roles/:role',
  permission: 'member:write',
  schema: {
    operationId: 'deleteRole',
    summary: 'Removes a role of the project; whoever holds it loses it at once.',
    params: Type.Object({ project: ProjectName, role: AnyRoleName }),
    response: {
      200: Type.Object({ taken: Type.Integer({ description: 'How many held it.' }) }),
      403: Problem,
      404: Problem,
    },
  },
})
export const defineInstanceRole = route({
  method: 'PUT',
  url: '/api/v1/roles/:role',
  permission: 'instance:admin',
  schema: {
    operationId: 'defineInstanceRole',
    summary: 'Makes or changes a role that every project can give.',
    params: Type.Object({ role: AnyRoleName }),
    body: RoleBody,
    response: { 200: RoleDefinition, 400: Problem, 403: Problem, 409: Problem },
  },
})
export const deleteInstanceRole = route({
  method: 'DELETE',
  url: '/api/v1/roles/:role',
  permission: 'instance:admin',
  schema: {
    operationId: 'deleteInstanceRole',
    summary: 'Removes a role of the instance; whoever holds it in any project loses it at once.',
    params: Type.Object({ role: AnyRoleName }),
    response: { 200: Type.Object({ taken: Type.Integer() }), 403: Problem, 404: Problem },
  },
})

/** A group of people. */
export const Group = Type.Object({
  name: Type.String(),
  description: Type.String(),
  members: Type.Array(
    Type.Object({
      name: Type.String(),
      /** Identity provider that says so; null: somebody put him there. */
      source: Nullable(Type.String()),
    }),
  ),
  roles: Type.Array(Type.Object({ project: Type.String(), role: AnyRoleName }), {
    description: 'Roles that every member holds by it.',
  }),
})
export type Group = Static<typeof Group>

export const listGroups = route({
  method: 'GET',
  url: '/api/v1/groups',
  permission: 'instance:admin',
  schema: {
    operationId: 'listGroups',
    summary: 'Lists all groups of the instance with their members and their roles.',
    response: { 200: Type.Object({ groups: Type.Array(Group) }), 403: Problem },
  },
})
export const putGroup = route({
  method: 'PUT',
  url: '/api/v1/groups/:group',
  permission: 'instance:admin',
  schema: {
    operationId: 'putGroup',
    summary: 'Makes a group, or changes what is said of it.',
    params: Type.Object({ group: GroupName }),
    body: Type.Object({ description: Type.Optional(Type.String({ maxLength: 500 })) }, { additionalProperties: false }),
    response: { 200: Group, 400: Problem, 403: Problem },
  },
})
export const deleteGroup = route({
  method: 'DELETE',
  url: '/api/v1/groups/:group',
  permission: 'instance:admin',
  schema: {
    operationId: 'deleteGroup',
    summary: 'Removes a group; its members lose its roles at once.',
    params: Type.Object({ group: GroupName }),
    response: { 200: Type.Object({}), 403: Problem, 404: Problem },
  },
})
export const addGroupMember = route({
  method: 'PUT',
  url: '/api/v1/groups/:group/members/:name',
  permission: 'instance:admin',
  schema: {
    operationId: 'addGroupMember',
    summary: 'Puts a person or service account into a group.',
    params: Type.Object({ group: GroupName, name: MemberName }),
    response: { 200: Group, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const removeGroupMember = route({
  method: 'DELETE',
  url: '/api/v1/groups/:group/members/:name',
  permission: 'instance:admin',
  schema: {
    operationId: 'removeGroupMember',
    summary: 'Takes somebody out of a group. What an identity provider says stays until he signs in there again.',
    params: Type.Object({ group: GroupName, name: MemberName }),
    response: { 200: Group, 403: Problem, 404: Problem },
  },
})
export const listProjectGroups = route({
  method: 'GET',
  url: '/api/v1/projects/:project/groups',
  permission: 'project:read',
  schema: {
    operationId: 'listProjectGroups',
    summary: 'Lists the groups that hold a role in the project, with their members.',
    params: ProjectParams,
    response: { 200: Type.Object({ groups: Type.Array(Group) }), 403: Problem, 404: Problem },
  },
})
export const grantGroupRole = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/groups/:group/roles/:role',
  permission: 'member:write',
  schema: {
    operationId: 'grantGroupRole',
    summary: 'Gives a group a role in the project. Nobody gives more than he holds.',
    params: Type.Object({ project: ProjectName, group: GroupName, role: AnyRoleName }),
    response: { 200: Group, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
export const removeGroupRole = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/groups/:group/roles/:role',
  permission: 'member:write',
  schema: {
    operationId: 'removeGroupRole',
    summary: 'Takes a role in the project from a group.',
    params: Type.Object({ project: ProjectName, group: GroupName, role: AnyRoleName }),
    response: { 200: Type.Object({}), 403: Problem, 404: Problem },
  },
})

/** Why somebody holds a permission. */
export const GrantReason = Type.Object({
  kind: Type.Union([
    Type.Literal('role'),
    Type.Literal('group'),
    Type.Literal('identity-provider'),
    Type.Literal('instance-admin'),
    Type.Literal('break-glass'),
  ]),
  role: Type.String({ description: 'The role that holds the permission.' }),
  group: Nullable(Type.String({ description: 'The group that brings the role.' })),
  until: Nullable(Type.Integer({ description: 'When it ends, milliseconds UTC.' })),
})
export type GrantReason = Static<typeof GrantReason>

/** Somebody who holds a permission, and why. */
export const Holder = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('person'), Type.Literal('service')]),
  reasons: Type.Array(GrantReason),
})
export type Holder = Static<typeof Holder>

/** Nobody holds both permissions. */
export const SeparationRule = Type.Object(
  { first: PermissionName, second: PermissionName },
  { additionalProperties: false },
)
export type SeparationRule = Static<typeof SeparationRule>

export const listHolders = route({
  method: 'GET',
  url: '/api/v1/projects/:project/access/holders',
  permission: 'project:read',
  schema: {
    operationId: 'listHolders',
    summary: 'Who holds a permission in the project, and why.',
    params: ProjectParams,
    query: Type.Object({ permission: PermissionName }),
    response: {
      200: Type.Object({
        permission: PermissionName,
        holders: Type.Array(Holder),
        you: Type.Boolean({ description: 'The caller holds it, with the token or session of this request.' }),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
export const explainAccess = route({
  method: 'GET',
  url: '/api/v1/projects/:project/access/explain',
  permission: 'project:read',
  schema: {
    operationId: 'explainAccess',
    summary: 'Whether somebody may do something in the project, and why, or which roles would allow it.',
    params: ProjectParams,
    query: Type.Object({
      principal: Type.Optional(
        Type.String({ maxLength: 100, description: 'Name of a person or service account; the caller unless given.' }),
      ),
      permission: PermissionName,
    }),
    response: {
      200: Type.Object({
        principal: Type.String(),
        permission: PermissionName,
        allowed: Type.Boolean(),
        reasons: Type.Array(GrantReason),
        narrowed: Type.Boolean({
          description: 'The account holds it, but the token of this request leaves it out.',
        }),
        rolesThatAllow: Type.Array(Type.String()),
        separation: Type.Array(SeparationRule, { description: 'Rules that this permission is in.' }),
        sentence: Type.String(),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
export const getSeparation = route({
  method: 'GET',
  url: '/api/v1/projects/:project/access/separation',
  permission: 'project:read',
  schema: {
    operationId: 'getSeparation',
    summary: 'The rules of separation of duties, and who breaks one because he held both before it was made.',
    params: ProjectParams,
    response: {
      200: Type.Object({
        rules: Type.Array(SeparationRule),
        broken: Type.Array(Type.Object({ name: Type.String(), ...SeparationRule.properties })),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
export const setSeparation = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/access/separation',
  permission: 'project:admin',
  schema: {
    operationId: 'setSeparation',
    summary:
      'Sets the rules: nobody may be given both permissions of one. Administrators are outside of them; nobody decides about his own work whatever they say.',
    params: ProjectParams,
    body: Type.Object({ rules: Type.Array(SeparationRule, { maxItems: 50 }) }, { additionalProperties: false }),
    response: {
      200: Type.Object({ rules: Type.Array(SeparationRule) }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})
