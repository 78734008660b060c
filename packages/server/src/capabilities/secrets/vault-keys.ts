import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import { vaultErrors } from '../../kernel/vault/index.ts'

type Use = Awaited<ReturnType<Kernel['sealedRows']['use']>>

/** The keys of the vault, as an administrator sees and changes them. */
export interface VaultKeys {
  read(): Promise<Use>
  /** Throws VAULT.KEY_GIVEN where keys come from the configuration. */
  add(by: Principal): Promise<Use>
  rewrap(): Promise<{ rewrapped: number; left: number; failed: { row: string; why: string }[] }>
  /** Throws VAULT.KEY_IN_USE while a row needs it, VAULT.KEY_UNKNOWN. */
  forget(by: Principal, id: string): Promise<Use>
}

export function createVaultKeys({
  db,
  events,
  vaultKeys,
  sealedRows,
}: Pick<Kernel, 'db' | 'events' | 'vaultKeys' | 'sealedRows'>): VaultKeys {
  const say = (by: Principal, what: 'added' | 'removed', id: string): Promise<unknown> =>
    db.write.transaction().execute((trx) =>
      events.append(trx, {
        project: 'default',
        name: `vault-key.${what}`,
        schema: 1,
        by: by.id,
        subject: urn('default', 'vault-key', id),
        refs: [],
        data: {},
      }),
    )
  return {
    read: () => sealedRows.use(),
    add: async (by) => {
      await say(by, 'added', vaultKeys.add().id)
      return sealedRows.use()
    },
    rewrap: () => sealedRows.rewrap(),
    forget: async (by, id) => {
      const { keys, unnamed } = await sealedRows.use()
      // Rows that name no key may be of any.
      if (unnamed > 0 || (keys.find((key) => key.id === id)?.rows ?? 0) > 0) throw vaultErrors.KEY_IN_USE(id)
      vaultKeys.forget(id)
      await say(by, 'removed', id)
      return sealedRows.use()
    },
  }
}
