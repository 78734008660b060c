import { permissions, type Role, roleNames, roles } from '@trivium/contract'
import { generatedNotice, markdownTable } from './markdown.ts'

/** The reference of permissions and of the roles that hold them. */
export function permissionsPage(): string {
  const holds = (role: Role, permission: string) => (roles[role] as readonly string[]).includes(permission)
  const rows = permissions.map((permission) => [
    `\`${permission}\``,
    ...roleNames.map((role) => (holds(role, permission) ? 'yes' : '')),
  ])
  return `${generatedNotice}

# Permissions and roles

Every route names the permission that it needs. Permissions without a role belong to the administrator of the instance. Nobody decides about his own work, whatever his role.

${markdownTable(['permission', ...roleNames], rows)}
`
}
