import type { Session, SignInMethod } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'
import { newId, urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { accessErrors, type Principal } from '../../../kernel/principal/index.ts'
import { capabilityErrors } from '../errors.ts'
import { hashSecret, newSecret } from '../secrets.ts'
import { signInErrors } from './errors.ts'
import './tables.ts'
import '../tables.ts'

/** Where a sign-in comes from. */
export interface Visitor {
  readonly address: string
  readonly browser: string
  /** Secret of the session that the browser had until now; it ends, so that nobody goes on with one that he planted. */
  readonly earlier?: string | undefined
}

/** What an identity provider said about a session that it vouched for. */
export interface ProviderSession {
  readonly issuer: string
  readonly providerSession: string | null
  readonly sealedIdToken: string
}

export interface OpenedSession {
  readonly secret: string
  readonly principalId: string
  readonly begunAt: number
  readonly expiresAt: number
}

/** Browser sessions: begun at sign-in, always with a new id; listed and ended by their owner and by the administrator of the instance. */
export interface Sessions {
  open(
    trx: Trx,
    input: { principalId: string; method: SignInMethod; visitor: Visitor; provider?: ProviderSession },
  ): Promise<OpenedSession>
  list(by: Principal, options: { all: boolean; current?: string | undefined }): Promise<Session[]>
  end(by: Principal, id: string): Promise<void>
  /** Ends all of one account but `except`, a secret; returns how many. */
  endAll(by: Principal, input: { of?: string | undefined; except?: string | undefined }): Promise<{ ended: number }>
  /** The same inside a transaction, whoever asks. */
  endAllOf(trx: Trx, input: { principalId: string; by: string; except?: string | undefined }): Promise<number>
  /** Ends the sessions of these ids. */
  endThese(trx: Trx, ids: readonly string[], by: string): Promise<void>
  /** When and how the session of a secret began; `fresh`: within 15 minutes, long enough for what should not be done with a browser left open. */
  begun(secret: string): Promise<{ fresh: boolean; method: SignInMethod } | undefined>
}

const hourMs = 3_600_000
const freshMs = 15 * 60_000
/** Address and browser of a session that is over are kept that long. */
const traceKeptMs = 30 * 24 * hourMs

/** When a session ends for want of use. */
export function idleEnd(lastUsedAt: number | null, createdAt: number, idleHours: number): number {
  return (lastUsedAt ?? createdAt) + idleHours * hourMs
}

export function createSessions({
  db,
  clock,
  events,
  config,
}: Pick<Kernel, 'db' | 'clock' | 'events' | 'config'>): Sessions {
  const end = async (trx: Trx, ids: readonly string[], by: string): Promise<void> => {
    if (ids.length === 0) return
    const ended = await trx
      .updateTable('token')
      .set({ revoked_at: clock() })
      .where('id', 'in', ids)
      .where('kind', '=', 'session')
      .where('revoked_at', 'is', null)
      .returning(['id'])
      .execute()
    for (const { id } of ended)
      await events.append(trx, {
        project: 'default',
        name: 'token.revoked',
        schema: 1,
        by,
        subject: urn('default', 'token', id),
        refs: [],
        data: {},
      })
  }
  const live = (principalId?: string) => {
    const now = clock()
    let query = db.read
      .selectFrom('token')
      .innerJoin('principal', 'principal.id', 'token.principal_id')
      .leftJoin('session', 'session.token_id', 'token.id')
      .select([
        'token.id',
        'token.principal_id',
        'principal.name',
        'token.secret_hash',
        'token.created_at',
        'token.last_used_at',
        'token.expires_at',
        'session.method',
        'session.address',
        'session.browser',
      ])
      .where('token.kind', '=', 'session')
      .where('token.revoked_at', 'is', null)
      .where('principal.disabled_at', 'is', null)
      .where((e) => e.or([e('token.expires_at', 'is', null), e('token.expires_at', '>', now)]))
      .where((e) =>
        e.or([
          e('token.last_used_at', '>', now - config.sessionIdleHours * hourMs),
          e('token.created_at', '>', now - config.sessionIdleHours * hourMs),
        ]),
      )
      .orderBy('token.created_at', 'desc')
      .orderBy('token.id', 'desc')
    if (principalId !== undefined) query = query.where('token.principal_id', '=', principalId)
    return query
  }
  const requireWhole = (by: Principal): void => {
    if (by.narrowed || by.kind === 'run') throw signInErrors.NARROWED()
  }
  const isAdministrator = (by: Principal): boolean => by.grants.get('*')?.has('instance:admin') === true

  const sessions: Sessions = {
    open: async (trx, { principalId, method, visitor, provider }) => {
      const secret = newSecret('trs')
      const now = clock()
      const expiresAt = now + config.sessionHours * hourMs
      if (visitor.earlier !== undefined) {
        const earlier = await trx
          .selectFrom('token')
          .select('id')
          .where('secret_hash', '=', hashSecret(visitor.earlier))
          .execute()
        await end(
          trx,
          earlier.map(({ id }) => id),
          principalId,
        )
      }
      const id = newId('tok')
      await trx
        .insertInto('token')
        .values({
          id,
          principal_id: principalId,
          kind: 'session',
          name: 'browser session',
          secret_hash: hashSecret(secret),
          project_id: null,
          permissions: null,
          created_at: now,
          expires_at: expiresAt,
          revoked_at: null,
          last_used_at: null,
        })
        .execute()
      await trx
        .insertInto('session')
        .values({
          token_id: id,
          method,
          address: visitor.address.slice(0, 100),
          browser: visitor.browser.slice(0, 300),
          issuer: provider?.issuer ?? null,
          provider_session: provider?.providerSession ?? null,
          id_token: provider?.sealedIdToken ?? null,
        })
        .execute()
      await trx
        .deleteFrom('session')
        .where('token_id', 'in', (e) =>
          e
            .selectFrom('token')
            .select('token.id')
            .where('token.kind', '=', 'session')
            .where((or) =>
              or.or([or('token.revoked_at', '<', now - traceKeptMs), or('token.expires_at', '<', now - traceKeptMs)]),
            ),
        )
        .execute()
      await events.append(trx, {
        project: 'default',
        name: 'session.opened',
        schema: 1,
        by: principalId,
        subject: urn('default', 'principal', principalId),
        refs: [],
        data: { method },
      })
      return { secret, principalId, begunAt: now, expiresAt }
    },
    list: async (by, { all, current }) => {
      requireWhole(by)
      if (all && !isAdministrator(by)) throw accessErrors.FORBIDDEN('instance:admin', 'all projects')
      const currentHash = current === undefined ? undefined : hashSecret(current)
      const rows = await live(all ? undefined : by.id)
        .limit(1000)
        .execute()
      return rows.map((row) => ({
        id: row.id,
        principal: row.principal_id,
        principalName: row.name,
        method: row.method ?? 'unknown',
        address: row.address ?? '',
        browser: row.browser ?? '',
        createdAt: row.created_at,
        lastUsedAt: row.last_used_at,
        idleEndsAt: idleEnd(row.last_used_at, row.created_at, config.sessionIdleHours),
        expiresAt: row.expires_at,
        current: row.secret_hash === currentHash,
      }))
    },
    end: async (by, id) => {
      requireWhole(by)
      const row = await live(isAdministrator(by) ? undefined : by.id)
        .where('token.id', '=', id)
        .executeTakeFirst()
      if (!row) throw signInErrors.SESSION_NOT_FOUND(id)
      await db.write.transaction().execute((trx) => end(trx, [id], by.id))
    },
    endAll: async (by, { of, except }) => {
      requireWhole(by)
      const others = of !== undefined && of !== by.name
      if (others && !isAdministrator(by)) throw accessErrors.FORBIDDEN('instance:admin', 'all projects')
      const owner = others
        ? await db.read.selectFrom('principal').select('id').where('name', '=', of).executeTakeFirst()
        : by
      if (!owner) throw capabilityErrors.PRINCIPAL_NOT_FOUND(of ?? by.name)
      return db.write
        .transaction()
        .execute(async (trx) => ({ ended: await sessions.endAllOf(trx, { principalId: owner.id, by: by.id, except }) }))
    },
    endAllOf: async (trx, { principalId, by, except }) => {
      let query = trx
        .selectFrom('token')
        .select('id')
        .where('principal_id', '=', principalId)
        .where('kind', '=', 'session')
        .where('revoked_at', 'is', null)
      if (except !== undefined) query = query.where('secret_hash', '<>', hashSecret(except))
      const ids = (await query.execute()).map(({ id }) => id)
      await end(trx, ids, by)
      return ids.length
    },
    endThese: end,
    begun: async (secret) => {
      const row = await db.read
        .selectFrom('token')
        .leftJoin('session', 'session.token_id', 'token.id')
        .select(['token.created_at', 'session.method'])
        .where('token.secret_hash', '=', hashSecret(secret))
        .where('token.kind', '=', 'session')
        .executeTakeFirst()
      return row && { fresh: clock() - row.created_at <= freshMs, method: row.method ?? 'unknown' }
    },
  }
  return sessions
}
