import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Principal } from '../../../kernel/principal/index.ts'
import { signInErrors } from './errors.ts'
import type { PasswordHasher } from './password-hash.ts'
import { requireGoodPassword } from './password-rules.ts'
import type { OpenedSession, Sessions, Visitor } from './sessions.ts'
import type { Throttle } from './throttle.ts'
import './tables.ts'
import '../tables.ts'

/** Signing in by name and password, where the setting `passwords` allows it. */
export interface Passwords {
  /** Throttled by account and by address. Says the same, after the same time, for a wrong password, an unknown name and a disabled account. */
  signIn(input: { name: string; password: string; visitor: Visitor }): Promise<OpenedSession>
  /** Sets the caller's own password and ends his other sessions. `session` is the secret of the one that asks. */
  change(
    by: Principal,
    input: { current?: string | undefined; password: string; session: string | undefined; address: string },
  ): Promise<{ ended: number }>
  /** Checks and hashes a password for `store`, outside of the transaction. */
  prepare(password: string, name: string): Promise<string>
  store(trx: Trx, input: { principalId: string; hash: string; by: string }): Promise<void>
}

export function createPasswords(
  { db, clock, events }: Pick<Kernel, 'db' | 'clock' | 'events'>,
  { sessions, throttle, hasher }: { sessions: Sessions; throttle: Throttle; hasher: PasswordHasher },
): Passwords {
  const storedOf = async (name: string) =>
    db.read
      .selectFrom('principal')
      .innerJoin('password', 'password.principal_id', 'principal.id')
      .select(['principal.id', 'password.hash'])
      .where('principal.name', '=', name)
      .where('principal.kind', '=', 'person')
      .where('principal.disabled_at', 'is', null)
      .executeTakeFirst()
  const passwords: Passwords = {
    signIn: async ({ name, password, visitor }) => {
      await throttle.attempt({ name, address: visitor.address })
      const stored = await storedOf(name.trim().toLowerCase())
      const found = await hasher.verify(password, stored?.hash)
      if (!stored || found === 'wrong') throw signInErrors.WRONG_PASSWORD()
      await throttle.succeeded({ name, address: visitor.address })
      const hash = found === 'stale' ? await hasher.hash(password) : undefined
      return db.write.transaction().execute(async (trx) => {
        // Only in place of what was checked: the password may have been changed meanwhile.
        if (hash !== undefined)
          await trx
            .updateTable('password')
            .set({ hash })
            .where('principal_id', '=', stored.id)
            .where('hash', '=', stored.hash)
            .execute()
        return sessions.open(trx, { principalId: stored.id, method: 'password', visitor })
      })
    },
    change: async (by, { current, password, session, address }) => {
      const begun = session === undefined ? undefined : await sessions.begun(session)
      if (session === undefined || !begun) throw signInErrors.SESSION_NEEDED()
      if (current !== undefined) {
        await throttle.attempt({ name: by.name, address })
        if ((await hasher.verify(current, (await storedOf(by.name))?.hash)) === 'wrong')
          throw signInErrors.WRONG_CURRENT()
        await throttle.succeeded({ name: by.name, address })
      } else if (begun.method === 'password' || !begun.fresh) throw signInErrors.CURRENT_NEEDED()
      const hash = await passwords.prepare(password, by.name)
      return db.write.transaction().execute(async (trx) => {
        await passwords.store(trx, { principalId: by.id, hash, by: by.id })
        return { ended: await sessions.endAllOf(trx, { principalId: by.id, by: by.id, except: session }) }
      })
    },
    prepare: async (password, name) => {
      requireGoodPassword(password, name)
      return hasher.hash(password)
    },
    store: async (trx, { principalId, hash, by }) => {
      await trx
        .insertInto('password')
        .values({ principal_id: principalId, hash, changed_at: clock() })
        .onConflict((c) => c.column('principal_id').doUpdateSet({ hash, changed_at: clock() }))
        .execute()
      await events.append(trx, {
        project: 'default',
        name: 'password.changed',
        schema: 1,
        by,
        subject: urn('default', 'principal', principalId),
        refs: [],
        data: {},
      })
    },
  }
  return passwords
}
