import type { Trx } from '../../kernel/db/index.ts'
import './access-log.ts'
import './sign-in/tables.ts'
import './tables.ts'

/** Rows that an erasure of an account changed, by kind. */
export type ErasedAccount = Readonly<
  Record<'account' | 'tokens' | 'sessions' | 'sign-in' | 'invitations' | 'access-log', number>
>

/**
 * Overwrites what the instance knows of a person as one of its users, and disables the account. Its id, roles and what it did stay: events, decisions and
 * access refer to the id, which names nobody. Done already, it changes nothing.
 */
export async function eraseAccount(trx: Trx, id: string, at: number): Promise<ErasedAccount> {
  const name = erasedName(id)
  const account = await trx
    .updateTable('principal')
    .set({ name, is_instance_admin: 0, disabled_at: at })
    .where('id', '=', id)
    .where('name', '<>', name)
    .executeTakeFirst()
  const tokenIds = trx.selectFrom('token').select('id').where('principal_id', '=', id)
  const sessions = await trx.deleteFrom('session').where('token_id', 'in', tokenIds).executeTakeFirst()
  await trx
    .updateTable('token')
    .set({ revoked_at: at })
    .where('principal_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  const tokens = await trx
    .updateTable('token')
    .set({ name: 'erased' })
    .where('principal_id', '=', id)
    .where('name', '<>', 'erased')
    .executeTakeFirst()
  const identities = await trx.deleteFrom('identity').where('principal_id', '=', id).executeTakeFirst()
  const passwords = await trx.deleteFrom('password').where('principal_id', '=', id).executeTakeFirst()
  await trx.deleteFrom('provider_role').where('principal_id', '=', id).execute()
  await trx.deleteFrom('login_link').where('principal_id', '=', id).execute()
  const invitations = await trx
    .updateTable('invitation')
    .set({ name: null, mail: null })
    .where('used_by', '=', id)
    .where((e) => e.or([e('name', 'is not', null), e('mail', 'is not', null)]))
    .executeTakeFirst()
  const log = await trx
    .updateTable('access_log')
    .set({ address: '' })
    .where('principal_id', '=', id)
    .where('address', '<>', '')
    .executeTakeFirst()
  return {
    account: Number(account.numUpdatedRows),
    tokens: Number(tokens.numUpdatedRows),
    sessions: Number(sessions.numDeletedRows),
    'sign-in': Number(identities.numDeletedRows + passwords.numDeletedRows),
    invitations: Number(invitations.numUpdatedRows),
    'access-log': Number(log.numUpdatedRows),
  }
}

/** What stands in the place of the name. */
export const erasedName = (id: string): string => `erased-${id.replace(/^prn_/, '')}`
