import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Permission, type Role, roles } from '@trivium/contract'
import {
  asReader,
  type FixedParts,
  fixedQuery,
  isUniqueViolation,
  type Reader,
  type Trx,
} from '../../kernel/db/index.ts'
import type { Authenticator } from '../../kernel/http/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { accessErrors, type Principal, type Scope } from '../../kernel/principal/index.ts'
import { credentialOf, principalBySecret } from './authenticate.ts'
import { capabilityErrors } from './errors.ts'
import { grantsOf, holdings, homeProjectOf } from './holdings.ts'
import { hashSecret, newSecret } from './secrets.ts'
import { type Cookie, createCookie, isReachedOverTls } from './sign-in/cookies.ts'
import { createSessions, type OpenedSession, type Sessions, type Visitor } from './sign-in/sessions.ts'
import { requireRole } from './roles.ts'
import { brokenBefore, keepSeparation } from './separation.ts'
import './tables.ts'

const findProject = fixedQuery(
  ({ db, value }: FixedParts<{ name: string }>) =>
    db.selectFrom('project').select('id').where('id', '=', value('name')),
  { prepared: true },
)

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'config'>

/** People, service accounts, projects, roles, tokens, sessions. */
export interface Access extends Authenticator {
  /** Browsers that are signed in. */
  readonly sessions: Sessions
  /** The cookie that carries a session. */
  readonly cookie: Cookie
  /**
   * First start: makes the administrator with `adminToken` and the project `default`. Without a token one is made and kept in the data directory as
   * `admin-token`, mode 600. Later starts change nothing.
   */
  bootstrap(input: { adminToken: string; dataDirectory: string }): Promise<{ adminId: string }>
  createProject(by: Principal, input: { name: string; title?: string }): Promise<{ name: string }>
  createPrincipal(
    by: Principal,
    input: { name: string; kind: 'person' | 'service'; instanceAdmin?: boolean },
  ): Promise<{ id: string; name: string }>
  grantRole(scope: Scope, input: { principalId: string; role: string }): Promise<void>
  /** Makes a token for `principalId`; the secret is returned once and stored only as a hash. */
  createToken(
    by: Principal,
    input: {
      principalId: string
      name: string
      kind?: 'token' | 'session' | 'run'
      project?: string
      permissions?: readonly Permission[]
      expiresAt?: number
    },
  ): Promise<{ id: string; secret: string }>
  /** Makes the successor of a token and ends the token at `oldEndsAt`, both or neither. Undefined where it was replaced or ended meanwhile. */
  rotateToken(
    by: Principal,
    input: { id: string; oldEndsAt: number; successor: Parameters<Access['createToken']>[1] },
  ): Promise<{ id: string; secret: string } | undefined>
  revokeToken(by: Principal, id: string): Promise<void>
  /** Revokes the token or session that a request came with. */
  revokeSecret(by: Principal, secret: string): Promise<void>
  /** A one-time link, good for five minutes, exchanged by POST for a session. */
  createLoginLink(by: Principal, principalId: string): Promise<{ secret: string; expiresAt: number }>
  exchangeLoginLink(secret: string, visitor: Visitor): Promise<OpenedSession>
  /** Every live token but browser sessions, with the project that a request without another word acts in, for the gateway's snapshot. */
  tokenSnapshot(): Promise<
    { hash: string; principal: string; project: string; expiresAt: number | null; mayPredict: boolean }[]
  >
}

const linkMs = 5 * 60_000
const lastUsedEveryMs = 60_000

export function createAccess({ db, clock, events, config }: Deps): Access {
  const sessions = createSessions({ db, clock, events, config })
  const cookie = createCookie('trivium_session', { secure: isReachedOverTls(config) })
  const lastUsed = new Map<string, number>()

  /** Remembers the use of a token at most once a minute, so that reading stays reading. */
  const noteUse = (id: string): void => {
    const now = clock()
    if (lastUsed.size > 10_000) lastUsed.clear()
    if (now - (lastUsed.get(id) ?? 0) < lastUsedEveryMs) return
    lastUsed.set(id, now)
    void db.write
      .transaction()
      .execute((trx) => trx.updateTable('token').set({ last_used_at: now }).where('id', '=', id).execute())
      .catch(() => lastUsed.delete(id))
  }

  const insertToken = async (
    trx: Trx,
    input: Parameters<Access['createToken']>[1],
    secret: string,
  ): Promise<string> => {
    const id = newId('tok')
    await trx
      .insertInto('token')
      .values({
        id,
        principal_id: input.principalId,
        kind: input.kind ?? 'token',
        name: input.name,
        secret_hash: hashSecret(secret),
        project_id: input.project ?? null,
        permissions: input.permissions ? JSON.stringify(input.permissions) : null,
        created_at: clock(),
        expires_at: input.expiresAt ?? null,
        revoked_at: null,
        last_used_at: null,
      })
      .execute()
    return id
  }

  const insertProject = async (trx: Trx, by: string, name: string, title: string): Promise<void> => {
    const made = await trx
      .insertInto('project')
      .values({ id: name, title, created_at: clock(), created_by: by })
      .onConflict((c) => c.column('id').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!made) throw capabilityErrors.PROJECT_EXISTS(name)
    await events.append(trx, {
      project: name,
      name: 'project.created',
      schema: 1,
      by,
      subject: urn(name, 'project', name),
      refs: [],
      data: { title },
    })
  }

  const revoke = async (by: Principal, id: string): Promise<void> => {
    await db.write.transaction().execute(async (trx) => {
      const row = await trx
        .updateTable('token')
        .set({ revoked_at: clock() })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning(['project_id', 'kind'])
        .executeTakeFirst()
      if (!row || row.kind === 'run') return
      await events.append(trx, {
        project: row.project_id ?? 'default',
        name: 'token.revoked',
        schema: 1,
        by: by.id,
        subject: urn(row.project_id ?? 'default', 'token', id),
        refs: [],
        data: {},
      })
    })
  }

  return {
    sessions,
    cookie,
    authenticate: async (headers) => {
      const credential = credentialOf(headers, cookie)
      if (!credential) return undefined
      const found = await principalBySecret(
        { db: db.read, clock, sessionIdleHours: config.sessionIdleHours },
        credential.secret,
      )
      if (!found || (credential.via === 'session') !== (found.kind === 'session')) throw accessErrors.UNAUTHENTICATED()
      noteUse(found.tokenId)
      return { principal: found.principal, via: credential.via }
    },
    projectExists: async (name) => (await findProject(db.read, { name })).length > 0,
    bootstrap: async ({ adminToken, dataDirectory }) => {
      const path = join(dataDirectory, 'admin-token')
      const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
      const admin = await db.read.selectFrom('principal').select('id').where('name', '=', 'admin').executeTakeFirst()
      if (admin) return { adminId: admin.id }
      const token = adminToken || kept || newSecret('trv')
      // Kept before the account is made: a crash between the two must not leave an account that nobody can use.
      if (!adminToken && !kept) {
        writeFileSync(`${path}.new`, `${token}\n`, { mode: 0o600 })
        renameSync(`${path}.new`, path)
      }
      try {
        return await db.write.transaction().execute(async (trx) => {
          const id = newId('prn')
          await trx
            .insertInto('principal')
            .values({
              id,
              kind: 'person',
              name: 'admin',
              is_instance_admin: 1,
              disabled_at: null,
              created_at: clock(),
              created_by: id,
            })
            .execute()
          await insertToken(trx, { principalId: id, name: 'first administrator' }, token)
          await insertProject(trx, id, 'default', 'Default')
          return { adminId: id }
        })
      } catch (error) {
        // Another server of the same database was first; its token holds.
        if (!isUniqueViolation(error)) throw error
        if (!adminToken && !kept) rmSync(path)
        const { id } = await db.read
          .selectFrom('principal')
          .select('id')
          .where('name', '=', 'admin')
          .executeTakeFirstOrThrow()
        return { adminId: id }
      }
    },
    createProject: async (by, input) => {
      await db.write.transaction().execute(async (trx) => {
        await insertProject(trx, by.id, input.name, input.title ?? input.name)
        if (!by.grants.has('*'))
          await trx
            .insertInto('membership')
            .values({
              project_id: input.name,
              principal_id: by.id,
              role: 'admin',
              created_at: clock(),
              created_by: by.id,
            })
            .execute()
      })
      return { name: input.name }
    },
    createPrincipal: async (by, input) =>
      db.write.transaction().execute(async (trx) => {
        const id = newId('prn')
        const made = await trx
          .insertInto('principal')
          .values({
            id,
            kind: input.kind,
            name: input.name,
            is_instance_admin: input.instanceAdmin ? 1 : 0,
            disabled_at: null,
            created_at: clock(),
            created_by: by.id,
          })
          .onConflict((c) => c.column('name').doNothing())
          .returning('id')
          .executeTakeFirst()
        if (!made) throw capabilityErrors.NAME_TAKEN(input.name)
        await events.append(trx, {
          project: 'default',
          name: 'principal.created',
          schema: 1,
          by: by.id,
          subject: urn('default', 'principal', id),
          refs: [],
          data: { kind: input.kind },
        })
        return { id, name: input.name }
      }),
    grantRole: async (scope, { principalId, role }) => {
      await requireRole(db.read, scope.project, role)
      await db.write.transaction().execute(async (trx) => {
        const principal = await trx
          .selectFrom('principal')
          .select('id')
          .where('id', '=', principalId)
          .executeTakeFirst()
        if (!principal) throw capabilityErrors.PRINCIPAL_NOT_FOUND(principalId)
        const before = await brokenBefore(asReader(trx), scope.project)
        const given = { project_id: scope.project, created_at: clock(), created_by: scope.principal.id }
        if (Object.hasOwn(roles, role))
          await trx
            .insertInto('membership')
            .values({ ...given, principal_id: principalId, role: role as Role })
            .onConflict((c) => c.columns(['project_id', 'principal_id', 'role']).doNothing())
            .execute()
        else
          await trx
            .insertInto('role_grant')
            .values({ ...given, kind: 'principal', holder: principalId, role })
            .onConflict((c) => c.doNothing())
            .execute()
        await keepSeparation(asReader(trx), scope.project, before)
        await events.append(trx, {
          project: scope.project,
          name: 'membership.granted',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'principal', principalId),
          refs: [],
          data: { role },
        })
      })
    },
    createToken: async (by, input) => {
      const secret = newSecret(input.kind === 'session' ? 'trs' : 'trv')
      const id = await db.write.transaction().execute(async (trx) => {
        const tokenId = await insertToken(trx, input, secret)
        if (input.kind !== 'run') {
          await events.append(trx, {
            project: input.project ?? 'default',
            name: 'token.created',
            schema: 1,
            by: by.id,
            subject: urn(input.project ?? 'default', 'token', tokenId),
            refs: [],
            data: { principal: input.principalId, kind: input.kind ?? 'token' },
          })
        }
        return tokenId
      })
      return { id, secret }
    },
    rotateToken: async (by, { id, oldEndsAt, successor }) => {
      const secret = newSecret('trv')
      return db.write.transaction().execute(async (trx) => {
        const made = await insertToken(trx, successor, secret)
        const old = await trx
          .updateTable('token')
          .set({ rotated_to: made, expires_at: oldEndsAt })
          .where('id', '=', id)
          .where('rotated_to', 'is', null)
          .where('revoked_at', 'is', null)
          .returning('project_id')
          .executeTakeFirst()
        if (!old) {
          await trx.deleteFrom('token').where('id', '=', made).execute()
          return undefined
        }
        const project = old.project_id ?? 'default'
        await events.append(trx, {
          project,
          name: 'token.rotated',
          schema: 1,
          by: by.id,
          subject: urn(project, 'token', made),
          refs: [],
          data: { principal: successor.principalId, replaces: id, oldEndsAt },
        })
        return { id: made, secret }
      })
    },
    revokeToken: revoke,
    revokeSecret: async (by, secret) => {
      const row = await db.read
        .selectFrom('token')
        .select('id')
        .where('secret_hash', '=', hashSecret(secret))
        .executeTakeFirst()
      if (row) await revoke(by, row.id)
    },
    createLoginLink: async (by, principalId) => {
      const secret = newSecret('trl')
      const expiresAt = clock() + linkMs
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('login_link')
          .values({
            secret_hash: hashSecret(secret),
            principal_id: principalId,
            created_by: by.id,
            expires_at: expiresAt,
            used_at: null,
          })
          .execute(),
      )
      return { secret, expiresAt }
    },
    exchangeLoginLink: async (secret, visitor) =>
      db.write.transaction().execute(async (trx) => {
        const link = await trx
          .updateTable('login_link')
          .set({ used_at: clock() })
          .where('secret_hash', '=', hashSecret(secret))
          .where('used_at', 'is', null)
          .where('expires_at', '>', clock())
          .returning(['principal_id'])
          .executeTakeFirst()
        if (!link) throw capabilityErrors.LINK_SPENT()
        return sessions.open(trx, { principalId: link.principal_id, method: 'link', visitor })
      }),
    tokenSnapshot: () => tokenSnapshot(db.read, clock()),
  }
}

const expiredKeptMs = 24 * 3_600_000

/** Tokens that expired within a day are in it, so that the gateway can say so. */
async function tokenSnapshot(db: Reader, now: number): ReturnType<Access['tokenSnapshot']> {
  const tokens = await db
    .selectFrom('token')
    .innerJoin('principal', 'principal.id', 'token.principal_id')
    .select(['token.secret_hash', 'token.principal_id', 'token.project_id', 'token.permissions', 'token.expires_at'])
    .where('token.kind', '!=', 'session')
    .where('token.revoked_at', 'is', null)
    .where('principal.disabled_at', 'is', null)
    .where((e) => e.or([e('token.expires_at', 'is', null), e('token.expires_at', '>', now - expiredKeptMs)]))
    .orderBy('token.id')
    .execute()
  const all = await holdings(db, now)
  const byPrincipal = Map.groupBy(all, ({ principalId }) => principalId)
  return tokens.map((token) => {
    const narrowed = token.permissions === null ? undefined : new Set(JSON.parse(token.permissions) as Permission[])
    const held = byPrincipal.get(token.principal_id) ?? []
    const project = homeProjectOf(held, token.project_id)
    const grants = grantsOf(held, { project: token.project_id, permissions: narrowed })
    return {
      hash: token.secret_hash,
      principal: token.principal_id,
      project,
      expiresAt: token.expires_at,
      mayPredict: [project, '*'].some((place) => grants.get(place)?.has('prediction:write')),
    }
  })
}
