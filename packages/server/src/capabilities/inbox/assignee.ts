import type { Permission } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { holdersOf } from '../access/index.ts'
import { inboxErrors } from './errors.ts'

/** The id of whoever is named, if he is in the project, may decide and is no author. Throws INBOX.ASSIGNEE_UNKNOWN, ASSIGNEE_MAY_NOT and ASSIGNEE_IS_AUTHOR. */
export async function requireAssignee(
  trx: Trx,
  project: string,
  item: { readonly permission: Permission; readonly authors: readonly string[] },
  name: string,
  now: number,
): Promise<string> {
  const first = await trx
    .selectFrom('principal')
    .select('id')
    .where('name', '=', name)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  const may = async (permission: Permission): Promise<boolean> =>
    (await holdersOf(asReader(trx), now, { project, permission })).some(({ id }) => id === first?.id)
  // Who is not here and who does not exist are told apart by nobody.
  if (!first || !(await may('project:read'))) throw inboxErrors.ASSIGNEE_UNKNOWN(name)
  if (!(await may(item.permission))) throw inboxErrors.ASSIGNEE_MAY_NOT(name, item.permission)
  if (item.authors.includes(first.id)) throw inboxErrors.ASSIGNEE_IS_AUTHOR(name)
  return first.id
}

export async function nameOf(trx: Trx, id: string): Promise<string> {
  const row = await trx.selectFrom('principal').select('name').where('id', '=', id).executeTakeFirst()
  return row?.name ?? id
}
