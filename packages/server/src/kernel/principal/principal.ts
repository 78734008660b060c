import type { Permission } from '@trivium/contract'
import { defineErrors } from '../errors/index.ts'

/** A project's name, which is its id. */
export type ProjectId = string

/** Who acts. Made by `access` from a token or a session; a step of a run acts with the run's own token. */
export interface Principal {
  readonly id: string
  readonly kind: 'person' | 'service' | 'run' | 'system'
  readonly name: string
  /** Permissions by project; `*` holds in every project (administrators and the system). */
  readonly grants: ReadonlyMap<ProjectId | '*', ReadonlySet<Permission>>
  /** The one project of the token, used where a wire protocol names none. */
  readonly homeProject: ProjectId
  /** The token holds less than the account (one project, fewer permissions, a run): it makes nothing that holds more than itself. */
  readonly narrowed?: boolean
  /** Permissions by project that he holds by broken glass alone (the id is `under`): used, marked in events, never handed on. */
  readonly lent?: ReadonlyMap<ProjectId, { readonly under: string; readonly permissions: ReadonlySet<Permission> }>
  /** When the token or session ends. */
  readonly expiresAt?: number
  /** A run's token acts for whoever started the run: he is the author of what it makes. */
  readonly onBehalfOf?: string
  /** A run's token: id of the pipeline run that it belongs to. */
  readonly run?: string
}

declare const authorised: unique symbol

/**
 * A project together with a principal who was found to hold a permission in it. Every capability function takes a scope and puts `project` into
 * each of its queries, so that no query can reach a row of another project.
 */
export interface Scope {
  readonly project: ProjectId
  readonly principal: Principal
  readonly [authorised]: true
}

export const accessErrors = defineErrors('ACCESS', {
  UNAUTHENTICATED: { status: 401, message: () => 'Sign in, or send a token: Authorization: Bearer <token>.' },
  TOKEN_EXPIRED: {
    status: 401,
    message: (at: string) =>
      `The token expired at ${at}. Make a new one under Settings, Tokens, or with \`trivium token create\`.`,
  },
  FORBIDDEN: {
    status: 403,
    message: (permission: string, project: string) =>
      `This needs ${permission} in project "${project}". A maintainer or administrator of the project can give it.`,
  },
  PROJECT_NOT_FOUND: {
    status: 404,
    message: (name: string) => `Project "${name}" does not exist, or you may not see it.`,
  },
})

export function holds(principal: Principal, project: ProjectId, permission: Permission): boolean {
  return principal.grants.get('*')?.has(permission) === true || principal.grants.get(project)?.has(permission) === true
}

/** True when the principal may see that the project exists. */
export function isMember(principal: Principal, project: ProjectId): boolean {
  return principal.grants.has('*') || principal.grants.has(project)
}

/** The only way to a scope for a caller from outside. An outsider learns not even that the project exists. */
export function authorize(principal: Principal, project: ProjectId, permission: Permission): Scope {
  if (!isMember(principal, project)) throw accessErrors.PROJECT_NOT_FOUND(project)
  if (!holds(principal, project, permission)) throw accessErrors.FORBIDDEN(permission, project)
  return { project, principal } as Scope
}

/** Asks a scope for one more permission than it was made with. The system itself has no grants and is asked for none. */
export function requirePermission({ principal, project }: Scope, permission: Permission): void {
  if (principal.kind !== 'system' && !holds(principal, project, permission))
    throw accessErrors.FORBIDDEN(permission, project)
}

/** Whether a scope may see what `permission` opens; the system may. */
export function permits({ principal, project }: Scope, permission: Permission): boolean {
  return principal.kind === 'system' || holds(principal, project, permission)
}

/** The scope of consumers, jobs and timers inside one project. `component` names the actor in events: `system:monitoring`. */
export function systemScope(project: ProjectId, component: string): Scope {
  const principal: Principal = {
    id: `system:${component}`,
    kind: 'system',
    name: component,
    grants: new Map(),
    homeProject: project,
  }
  return { project, principal } as Scope
}

/** A scope for work that a recorded principal caused earlier (a run's steps act as who started it). */
export function delegatedScope(project: ProjectId, principal: Principal): Scope {
  return { project, principal } as Scope
}
