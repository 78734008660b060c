import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Principal } from '../../../kernel/principal/index.ts'
import { capabilityErrors } from '../errors.ts'
import { signInErrors } from './errors.ts'
import type { Sessions } from './sessions.ts'
import '../tables.ts'

/** Disables an account, whose tokens are refused from then on and whose sessions end, or enables it again. Nobody disables himself. */
export async function disableAccount(
  { db, clock, events }: Pick<Kernel, 'db' | 'clock' | 'events'>,
  sessions: Sessions,
  by: Principal,
  { name, disabled }: { name: string; disabled: boolean },
): Promise<{ name: string; disabledAt: number | null }> {
  return db.write.transaction().execute(async (trx) => {
    const account = await trx
      .selectFrom('principal')
      .select(['id', 'disabled_at'])
      .where('name', '=', name)
      .executeTakeFirst()
    if (!account) throw capabilityErrors.PRINCIPAL_NOT_FOUND(name)
    if (account.id === by.id) throw signInErrors.NOT_ONESELF()
    if ((account.disabled_at !== null) === disabled) return { name, disabledAt: account.disabled_at }
    const disabledAt = disabled ? clock() : null
    await trx.updateTable('principal').set({ disabled_at: disabledAt }).where('id', '=', account.id).execute()
    if (disabled) await sessions.endAllOf(trx, { principalId: account.id, by: by.id })
    await events.append(trx, {
      project: 'default',
      name: disabled ? 'principal.disabled' : 'principal.enabled',
      schema: 1,
      by: by.id,
      subject: urn('default', 'principal', account.id),
      refs: [],
      data: {},
    })
    return { name, disabledAt }
  })
}
