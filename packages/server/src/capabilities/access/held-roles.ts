import { type Role, roles } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import './sign-in/tables.ts'
import './tables.ts'

/** One role that somebody holds, and where it comes from. */
export interface HeldRole {
  readonly principal_id: string
  /** The project, or `*` with the role `instance-admin`. */
  readonly project_id: string
  readonly role: Role | 'instance-admin'
  /** Name of the group at the identity provider that brings the role; null where somebody gave it here. */
  readonly providerGroup: string | null
}

/** Every role of one principal, or of all, by project: given here, or brought by groups at the identity provider. */
export async function heldRoles(db: Reader, principalId?: string): Promise<HeldRole[]> {
  let given = db.selectFrom('membership').select(['principal_id', 'project_id', 'role'])
  let brought = db.selectFrom('provider_role').select(['principal_id', 'place', 'role', 'group_name'])
  if (principalId !== undefined) {
    given = given.where('principal_id', '=', principalId)
    brought = brought.where('principal_id', '=', principalId)
  }
  const held: HeldRole[] = [
    ...(await given.execute()).map((row) => ({ ...row, providerGroup: null })),
    ...(await brought.execute())
      // A role that the program does not know (any more) opens nothing.
      .filter((row) => row.role === 'instance-admin' || row.role in roles)
      .map(({ place, role, group_name, ...row }) => ({
        ...row,
        project_id: place,
        role: role as HeldRole['role'],
        providerGroup: group_name,
      })),
  ]
  return held.toSorted((a, b) => (a.project_id < b.project_id ? -1 : a.project_id > b.project_id ? 1 : 0))
}

/** The roles in projects among them. */
export function projectRoles(held: readonly HeldRole[]): (HeldRole & { role: Role })[] {
  return held.filter((one): one is HeldRole & { role: Role } => one.project_id !== '*')
}

/** Whether one of them makes somebody an administrator of the instance. */
export function administers(held: readonly HeldRole[]): boolean {
  return held.some((one) => one.project_id === '*' && one.role === 'instance-admin')
}
