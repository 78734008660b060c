import { type Permission, type Role, roles } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { inboxErrors } from './errors.ts'

/** The id of whoever is named, if he is in the project, may decide and is no author. Throws INBOX.ASSIGNEE_UNKNOWN, ASSIGNEE_MAY_NOT and ASSIGNEE_IS_AUTHOR. */
export async function requireAssignee(
  trx: Trx,
  project: string,
  item: { readonly permission: Permission; readonly authors: readonly string[] },
  name: string,
): Promise<string> {
  const found = await trx
    .selectFrom('principal')
    .leftJoin('membership', (join) =>
      join.onRef('membership.principal_id', '=', 'principal.id').on('membership.project_id', '=', project),
    )
    .select(['principal.id', 'principal.is_instance_admin as admin', 'membership.role'])
    .where('principal.name', '=', name)
    .where('principal.disabled_at', 'is', null)
    .execute()
  const [first] = found
  if (!first || found.every((row) => row.role === null && row.admin === 0)) throw inboxErrors.ASSIGNEE_UNKNOWN(name)
  const may =
    first.admin === 1 ||
    found.some((row) => (roles[row.role as Role] as readonly Permission[] | undefined)?.includes(item.permission))
  if (!may) throw inboxErrors.ASSIGNEE_MAY_NOT(name, item.permission)
  if (item.authors.includes(first.id)) throw inboxErrors.ASSIGNEE_IS_AUTHOR(name)
  return first.id
}

export async function nameOf(trx: Trx, id: string): Promise<string> {
  const row = await trx.selectFrom('principal').select('name').where('id', '=', id).executeTakeFirst()
  return row?.name ?? id
}
