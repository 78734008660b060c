import type { Permission } from '@trivium/contract'
import { accessErrors, holds, type Scope } from '../../kernel/principal/index.ts'
import { capabilityErrors } from './errors.ts'

/** Nobody hands on what he does not hold, nor what he holds by broken glass only. */
export function requireMayGive({ principal, project }: Scope, wanted: readonly Permission[]): void {
  const missing = wanted.find((permission) => !holds(principal, project, permission))
  if (missing) throw accessErrors.FORBIDDEN(missing, project)
  const lent = principal.lent?.get(project)?.permissions
  const borrowed = wanted.find((permission) => lent?.has(permission))
  if (borrowed) throw capabilityErrors.LENT(borrowed)
}
