import { AsyncLocalStorage } from 'node:async_hooks'
import type { Principal, ProjectId } from './principal.ts'

/** Somebody who acts in a project with permissions that he holds by broken glass. */
export interface ActingUnder {
  readonly project: ProjectId
  readonly principal: string
  /** Id of the broken glass. */
  readonly id: string
}

/** Whoever acts under broken glass in this request: what it writes says so. */
export const actingUnder = new AsyncLocalStorage<ActingUnder>()

/** The broken glass under which somebody acts in a project. */
export function breakGlassOf(principal: Principal, project: ProjectId): ActingUnder | undefined {
  const id = principal.lent?.get(project)?.under
  return id === undefined ? undefined : { project, principal: principal.onBehalfOf ?? principal.id, id }
}
