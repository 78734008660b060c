import type { Kernel } from '../../../kernel/kernel.ts'
import type { Principal } from '../../../kernel/principal/index.ts'
import type { Access } from '../access.ts'
import { disableAccount } from './disable-account.ts'
import { createInvitations, type Invitations } from './invitations.ts'
import { makeAccount } from './make-account.ts'
import { createPasswordHasher } from './password-hash.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createProviderSignIn, type ProviderSignIn } from './provider-sign-in.ts'
import { createProvider } from './provider.ts'
import { readRoleMap } from './role-map.ts'
import type { OpenedSession, Visitor } from './sessions.ts'
import { createThrottle } from './throttle.ts'
import { signInErrors } from './errors.ts'

/** The ways in beside one-time links: the identity provider, passwords, invitations. */
export interface SignIn {
  /** undefined where the configuration names none. */
  readonly provider: ProviderSignIn | undefined
  /** undefined where the configuration allows none. */
  readonly passwords: Passwords | undefined
  readonly invitations: Invitations
  /** Disables an account or enables it again. */
  disable(
    by: Principal,
    input: { name: string; disabled: boolean },
  ): Promise<{ name: string; disabledAt: number | null }>
  /** Makes the account that an invitation is for. Without a password the session is all that the person has, until he gets another. */
  acceptInvitation(input: {
    secret: string
    name: string
    password?: string | undefined
    visitor: Visitor
  }): Promise<OpenedSession>
}

export function createSignIn(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'config' | 'vault' | 'egress' | 'logger'>,
  { sessions }: Pick<Access, 'sessions'>,
): SignIn {
  const { db, config } = kernel
  // Also without a provider: what is wrong in the setting is said at the start.
  readRoleMap(config.oidcRoleMap)
  const invitations = createInvitations(kernel)
  const provider = createProvider(kernel)
  const passwords = config.passwords
    ? createPasswords(kernel, { sessions, throttle: createThrottle(kernel), hasher: createPasswordHasher() })
    : undefined
  return {
    provider: provider && createProviderSignIn(kernel, { provider, sessions, invitations }),
    passwords,
    invitations,
    disable: (by, input) => disableAccount(kernel, sessions, by, input),
    acceptInvitation: async ({ secret, name, password, visitor }) => {
      // Before the work of hashing: not for whoever has no invitation.
      const { mail } = await invitations.look(secret)
      if (mail !== null) throw signInErrors.INVITED_BY_MAIL()
      if (password !== undefined && !passwords) throw signInErrors.NO_PASSWORDS()
      const hash = password === undefined ? undefined : await passwords?.prepare(password, name)
      return db.write.transaction().execute(async (trx) => {
        const principalId = await makeAccount(kernel, trx, { name })
        await invitations.redeem(trx, secret, principalId)
        if (hash !== undefined) await passwords?.store(trx, { principalId, hash, by: principalId })
        return sessions.open(trx, { principalId, method: 'invitation', visitor })
      })
    },
  }
}
