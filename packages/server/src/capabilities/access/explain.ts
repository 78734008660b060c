import { type GrantReason, type Holder, type Permission, roles, type SeparationRule } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { holds, type Scope } from '../../kernel/principal/index.ts'
import { type Holding, holdings, knownPermissions } from './holdings.ts'
import { separationRules } from './separation.ts'
import './tables.ts'

/** Who may do what in a project, and why. */
export interface Explain {
  holders(scope: Scope, permission: Permission): Promise<{ permission: Permission; holders: Holder[]; you: boolean }>
  explain(scope: Scope, input: { principal?: string; permission: Permission }): Promise<Explanation>
}

/** The answer to: may he, and why? */
export interface Explanation {
  principal: string
  permission: Permission
  allowed: boolean
  reasons: GrantReason[]
  narrowed: boolean
  rolesThatAllow: string[]
  separation: SeparationRule[]
  sentence: string
}

type Finding = Omit<Explanation, 'separation' | 'sentence'> & { readonly project: string }

/** People and service accounts that hold a permission in a project (in any, when none is named), each once, with every reason. Disabled ones hold nothing. */
export async function holdersOf(
  db: Reader,
  now: number,
  { project, permission }: { project?: string; permission: Permission },
): Promise<Holder[]> {
  const found = (await holdings(db, now)).filter(
    (one) =>
      one.permissions.includes(permission) && (project === undefined || one.place === '*' || one.place === project),
  )
  const ids = [...new Set(found.map((one) => one.principalId))]
  if (ids.length === 0) return []
  const people = await db
    .selectFrom('principal')
    .select(['id', 'name', 'kind'])
    .where('id', 'in', ids)
    .where('disabled_at', 'is', null)
    .orderBy('name')
    .execute()
  return people.map((person) => ({
    ...person,
    reasons: reasonsOf(found.filter((one) => one.principalId === person.id)),
  }))
}

/** Reasons without the id of a broken glass, which says nothing to a reader. */
const reasonsOf = (found: readonly Holding[]): GrantReason[] => found.map(({ reason }) => reason)

export function createExplain({ db, clock }: Pick<Kernel, 'db' | 'clock'>): Explain {
  return {
    holders: async (scope, permission) => ({
      permission,
      holders: await holdersOf(db.read, clock(), { project: scope.project, permission }),
      you: holds(scope.principal, scope.project, permission),
    }),
    explain: async (scope, { principal = scope.principal.name, permission }) => {
      const { project } = scope
      const holders = await holdersOf(db.read, clock(), { project, permission })
      const reasons = holders.find(({ name }) => name === principal)?.reasons ?? []
      const self = principal === scope.principal.name
      const narrowed = self && reasons.length > 0 && !holds(scope.principal, project, permission)
      const allowed = reasons.length > 0 && !narrowed
      const rolesThatAllow = await rolesWith(db.read, project, permission)
      const separation = (await separationRules(db.read, project))
        .filter(({ first, second }) => first === permission || second === permission)
        .map(({ first, second }) => ({ first, second }))
      return {
        principal,
        permission,
        allowed,
        reasons,
        narrowed,
        rolesThatAllow,
        separation,
        sentence: sentenceOf({ principal, permission, project, allowed, reasons, narrowed, rolesThatAllow }),
      }
    },
  }
}

/** Names of the roles that hold a permission in a project. */
async function rolesWith(db: Reader, project: string, permission: Permission): Promise<string[]> {
  const custom = await db
    .selectFrom('custom_role')
    .select(['name', 'permissions'])
    .where('place', 'in', [project, '*'])
    .orderBy('name')
    .execute()
  return [
    ...Object.entries(roles)
      .filter(([, held]) => (held as readonly Permission[]).includes(permission))
      .map(([name]) => name),
    ...custom.filter((row) => knownPermissions(row.permissions).includes(permission)).map(({ name }) => name),
  ]
}

function sentenceOf({ principal, permission, project, allowed, reasons, narrowed, rolesThatAllow }: Finding): string {
  if (narrowed) return `"${principal}" holds ${permission} in project "${project}", but this token leaves it out.`
  if (allowed)
    return `"${principal}" holds ${permission} in project "${project}": ${reasons.map(reasonText).join('; ')}.`
  const ways = rolesThatAllow.length === 0 ? 'No role holds it.' : `Roles that hold it: ${rolesThatAllow.join(', ')}.`
  return `"${principal}" does not hold ${permission} in project "${project}". ${ways}`
}

/** A reason in words. */
export function reasonText({ kind, role, group, until }: GrantReason): string {
  if (kind === 'instance-admin')
    return group === null ? 'administrator of the instance' : `administrator of the instance by group ${group}`
  if (kind === 'break-glass') return `break-glass until ${new Date(until ?? 0).toISOString()}`
  if (kind === 'group') return `role ${role} by group ${group}`
  if (kind === 'identity-provider') return `role ${role} by group ${group} at the identity provider`
  return `role ${role}`
}
