import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Trx } from '../../../kernel/db/index.ts'
import type { Principal } from '../../../kernel/principal/index.ts'
import { setExternalGroups } from '../groups.ts'
import { hashSecret } from '../secrets.ts'
import { applyGroups } from './apply-groups.ts'
import { signInErrors } from './errors.ts'
import type { Invitations } from './invitations.ts'
import { accountName, makeAccount } from './make-account.ts'
import type { Asked, Provider, Vouched } from './provider.ts'
import { groupsOf, type MappedRole, readRoleMap } from './role-map.ts'
import type { OpenedSession, Sessions, Visitor } from './sessions.ts'
import { readLogoutToken } from './logout-token.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'config' | 'vault'>

/** What a browser carries from here to the provider and back, sealed: the answer must come to the browser that asked. */
interface Flow extends Asked {
  readonly until: number
  readonly next: string
  readonly invitation?: string | undefined
  /** Id of the account that the identity is added to. */
  readonly connectTo?: string | undefined
}

/** Signing in by the identity provider, if there is one. */
export interface ProviderSignIn {
  readonly name: string
  begin(input: {
    next?: string | undefined
    invitation?: string | undefined
    connect?: Principal | undefined
  }): Promise<{ location: string; flow: string }>
  /** Redeems the answer of the provider for a session. A person is known by issuer and subject, never by his mail address. */
  finish(input: {
    callbackUrl: URL
    flow: string | undefined
    visitor: Visitor
    caller: Principal | undefined
  }): Promise<{ session: OpenedSession; next: string }>
  /** Where the browser of a session that ends goes to end it at the provider too; undefined for sessions that began otherwise. */
  logoutLocation(secret: string): Promise<string | undefined>
  /** Ends the sessions that a logout token of the provider names; returns how many. */
  endByProvider(logoutToken: string): Promise<number>
}

/** How long somebody may take at the provider. */
export const flowMs = 10 * 60_000
const flowSeal = 'sign-in/flow'
const idTokenSeal = 'sign-in/id-token'

export function createProviderSignIn(
  { db, clock, events, config, vault }: Deps,
  { provider, sessions, invitations }: { provider: Provider; sessions: Sessions; invitations: Invitations },
): ProviderSignIn {
  const roleMap = readRoleMap(config.oidcRoleMap)
  const openFlow = async (sealed: string | undefined): Promise<Flow> => {
    if (sealed === undefined) throw signInErrors.SIGN_IN_EXPIRED()
    let flow: Flow
    try {
      flow = JSON.parse(await vault.open(sealed, flowSeal)) as Flow
    } catch {
      throw signInErrors.SIGN_IN_EXPIRED()
    }
    if (flow.until <= clock()) throw signInErrors.SIGN_IN_EXPIRED()
    return flow
  }
  const sessionOf = async (vouched: Vouched) => ({
    issuer: vouched.issuer,
    providerSession: vouched.providerSession,
    sealedIdToken: await vault.seal(vouched.idToken, idTokenSeal),
  })
  /** Whether the invitation, if it is for one mail address, is for this one, which the provider must have verified. */
  const requireMail = async (secret: string, { claims }: Vouched): Promise<void> => {
    const { mail } = await invitations.look(secret)
    const said = claims['email_verified'] === true ? claims['email'] : undefined
    if (mail !== null && (typeof said !== 'string' || said.toLowerCase() !== mail))
      throw signInErrors.INVITED_OTHER_MAIL()
  }

  return {
    name: new URL(provider.issuer).host,
    begin: async ({ next, invitation, connect }) => {
      if (invitation !== undefined) await invitations.look(invitation)
      const { location, asked } = await provider.ask()
      const flow: Flow = {
        ...asked,
        until: clock() + flowMs,
        next: ownPath(next),
        invitation,
        connectTo: connect?.id,
      }
      return { location, flow: await vault.seal(JSON.stringify(flow), flowSeal) }
    },
    finish: async ({ callbackUrl, flow: sealed, visitor, caller }) => {
      const flow = await openFlow(sealed)
      const vouched = await provider.redeem(callbackUrl, flow)
      const { issuer, subject } = vouched
      const groups = groupsOf(vouched.claims[config.oidcGroupsClaim])
      if (flow.invitation !== undefined) await requireMail(flow.invitation, vouched)
      if (flow.connectTo !== undefined && flow.connectTo !== caller?.id) throw signInErrors.SIGN_IN_EXPIRED()
      const vouchedSession = await sessionOf(vouched)
      const session = await db.write.transaction().execute(async (trx) => {
        const known = await trx
          .selectFrom('identity')
          .innerJoin('principal', 'principal.id', 'identity.principal_id')
          .select(['principal.id', 'principal.disabled_at'])
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .executeTakeFirst()
        if (known && known.disabled_at !== null) throw signInErrors.ACCOUNT_DISABLED()
        if (known && flow.connectTo !== undefined && known.id !== flow.connectTo) throw signInErrors.IDENTITY_TAKEN()
        const invited = flow.invitation !== undefined || (await knowsOneOf(trx, roleMap, groups))
        if (!known && flow.connectTo === undefined && !invited) throw signInErrors.NOT_INVITED()
        const principalId =
          known?.id ??
          flow.connectTo ??
          (await makeAccount({ clock, events }, trx, { name: accountName(vouched.claims), orSimilar: true }))
        if (!known && flow.connectTo !== undefined)
          await events.append(trx, {
            project: 'default',
            name: 'identity.connected',
            schema: 1,
            by: principalId,
            subject: urn('default', 'principal', principalId),
            refs: [],
            data: {},
          })
        await trx
          .insertInto('identity')
          .values({ issuer, subject, principal_id: principalId, created_at: clock(), last_sign_in_at: clock() })
          .onConflict((c) => c.columns(['issuer', 'subject']).doUpdateSet({ last_sign_in_at: clock() }))
          .execute()
        if (flow.invitation !== undefined) await invitations.redeem(trx, flow.invitation, principalId)
        await applyGroups({ events, clock }, trx, { principalId, issuer, groups, roleMap })
        await setExternalGroups(trx, principalId, issuer, groups, clock())
        return sessions.open(trx, { principalId, method: 'provider', visitor, provider: vouchedSession })
      })
      return { session, next: flow.next }
    },
    logoutLocation: async (secret) => {
      const row = await db.read
        .selectFrom('session')
        .innerJoin('token', 'token.id', 'session.token_id')
        .select(['session.id_token', 'session.issuer'])
        .where('token.secret_hash', '=', hashSecret(secret))
        .executeTakeFirst()
      if (!row?.id_token || row.issuer !== provider.issuer) return undefined
      // Who signs out is signed out here, whatever the provider answers.
      return vault
        .open(row.id_token, idTokenSeal)
        .then((idToken) => provider.logoutLocation(idToken))
        .catch(() => undefined)
    },
    endByProvider: async (logoutToken) => {
      const { subject, providerSession } = readLogoutToken(logoutToken, {
        issuer: provider.issuer,
        clientId: config.oidcClientId,
        now: Date.now(),
        ...(await provider.signingKeys()),
      })
      return db.write.transaction().execute(async (trx) => {
        let query = trx
          .selectFrom('session')
          .innerJoin('token', 'token.id', 'session.token_id')
          .innerJoin('identity', (join) =>
            join
              .onRef('identity.principal_id', '=', 'token.principal_id')
              .onRef('identity.issuer', '=', 'session.issuer'),
          )
          .select(['token.id', 'token.principal_id'])
          .where('session.issuer', '=', provider.issuer)
          .where('token.revoked_at', 'is', null)
        if (providerSession !== undefined) query = query.where('session.provider_session', '=', providerSession)
        if (subject !== undefined) query = query.where('identity.subject', '=', subject)
        const rows = await query.execute()
        await sessions.endThese(
          trx,
          rows.map(({ id }) => id),
          'system:identity-provider',
        )
        return rows.length
      })
    },
  }
}

/** Whether somebody here has given one of the groups a meaning. */
async function knowsOneOf(trx: Trx, roleMap: readonly MappedRole[], groups: readonly string[]): Promise<boolean> {
  if (roleMap.some(({ group }) => groups.includes(group))) return true
  if (groups.length === 0) return false
  const known = await trx.selectFrom('access_group').select('name').where('name', 'in', groups).executeTakeFirst()
  return known !== undefined
}

/** A path of this server, or the start page: what came in a request must not lead elsewhere. */
function ownPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[^\\\s]*$/.test(next) && !next.startsWith('/api/') ? next : '/'
}
