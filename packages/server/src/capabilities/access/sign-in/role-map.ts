import { configErrors } from '../../../kernel/config/index.ts'

/** What a group at the identity provider brings: a role in a project, or `instance-admin` at `*`. */
export interface MappedRole {
  readonly group: string
  readonly place: string
  readonly role: string
}

const rolePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/
const projectPattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Reads the setting `oidcRoleMap`: `data-team=contributor@flights, ops=instance-admin`. Throws for what is neither. */
export function readRoleMap(text: string): MappedRole[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.lastIndexOf('=')
      const group = entry.slice(0, at).trim()
      const [role = '', place, ...rest] = entry.slice(at + 1).split('@')
      const administrator = role === 'instance-admin' && place === undefined
      const inProject =
        role !== 'instance-admin' && rolePattern.test(role) && projectPattern.test(place ?? '') && rest.length === 0
      if (at < 1 || group === '' || !(administrator || inProject))
        throw configErrors.BAD_VALUE(
          'oidcRoleMap',
          'the configuration',
          `holds "${entry}", which is neither GROUP=ROLE@PROJECT nor GROUP=instance-admin`,
        )
      return { group, role, place: place ?? '*' }
    })
}

/** The groups that a claim lists; a single one may stand there as text. */
export function groupsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return [claim]
  return Array.isArray(claim) ? claim.filter((one): one is string => typeof one === 'string').slice(0, 1000) : []
}
