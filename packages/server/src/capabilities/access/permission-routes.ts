import {
  addGroupMember,
  defineInstanceRole,
  defineRole,
  deleteGroup,
  deleteInstanceRole,
  deleteRole,
  endBreakGlass,
  explainAccess,
  getSeparation,
  grantGroupRole,
  listBreakGlass,
  listGroups,
  listHolders,
  listProjectGroups,
  listRoles,
  putGroup,
  removeGroupMember,
  removeGroupRole,
  setSeparation,
  startBreakGlass,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type BreakGlasses, createBreakGlasses } from './break-glass.ts'
import { createExplain, type Explain } from './explain.ts'
import { createGroups, type Groups } from './groups.ts'
import { createRoles, type Roles } from './roles.ts'
import { createSeparation, type Separation } from './separation.ts'

/** Roles, groups, separation of duties, broken glass, and who may do what and why. */
export interface Permissions {
  readonly roles: Roles
  readonly groups: Groups
  readonly separation: Separation
  readonly explain: Explain
  readonly breakGlass: BreakGlasses
}

export function createPermissions(kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'jobs'>): Permissions {
  return {
    roles: createRoles(kernel),
    groups: createGroups(kernel),
    separation: createSeparation(kernel),
    explain: createExplain(kernel),
    breakGlass: createBreakGlasses(kernel),
  }
}

export function permissionRoutes(app: Http, { roles, groups, separation, explain, breakGlass }: Permissions): void {
  mount(app, listRoles, 200, async ({ scope }) => ({ roles: await roles.list(scope) }))
  mount(app, defineRole, 200, ({ scope, params, body }) => roles.define(scope, params.role, body))
  mount(app, deleteRole, 200, async ({ scope, params }) => ({ taken: await roles.remove(scope, params.role) }))
  mount(app, defineInstanceRole, 200, ({ principal, params, body }) =>
    roles.defineEverywhere(principal, params.role, body),
  )
  mount(app, deleteInstanceRole, 200, async ({ principal, params }) => ({
    taken: await roles.removeEverywhere(principal, params.role),
  }))

  mount(app, listGroups, 200, async () => ({ groups: await groups.listAll() }))
  mount(app, putGroup, 200, ({ principal, params, body }) => groups.put(principal, params.group, body))
  mount(app, deleteGroup, 200, async ({ principal, params }) => {
    await groups.remove(principal, params.group)
    return {}
  })
  mount(app, addGroupMember, 200, ({ principal, params }) => groups.addMember(principal, params.group, params.name))
  mount(app, removeGroupMember, 200, ({ principal, params }) =>
    groups.removeMember(principal, params.group, params.name),
  )
  mount(app, listProjectGroups, 200, async ({ scope }) => ({ groups: await groups.list(scope) }))
  mount(app, grantGroupRole, 200, ({ scope, params }) => groups.grant(scope, params.group, params.role))
  mount(app, removeGroupRole, 200, async ({ scope, params }) => {
    await groups.takeRole(scope, params.group, params.role)
    return {}
  })

  mount(app, getSeparation, 200, ({ scope }) => separation.read(scope))
  mount(app, setSeparation, 200, async ({ scope, body }) => ({ rules: await separation.set(scope, body.rules) }))
  mount(app, listHolders, 200, ({ scope, query }) => explain.holders(scope, query.permission))
  mount(app, explainAccess, 200, ({ scope, query }) => explain.explain(scope, query))

  mount(app, startBreakGlass, 201, ({ scope, body }) =>
    breakGlass.start(scope, { reason: body.reason, minutes: body.minutes ?? 60 }),
  )
  mount(app, listBreakGlass, 200, async ({ scope }) => ({ breakGlass: await breakGlass.list(scope) }))
  mount(app, endBreakGlass, 200, ({ scope, params }) => breakGlass.end(scope, params.id))
}
