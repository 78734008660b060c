import { type Permission, permissions, type Person, type Role, type Token } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import { accessErrors, holds, type Principal, type Scope } from '../../kernel/principal/index.ts'
import type { Access } from './access.ts'
import { capabilityErrors } from './errors.ts'
import { holdings, lastingPermissions } from './holdings.ts'
import { requireMayGive } from './may-give.ts'
import { requireRole } from './roles.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events'>

/** What the settings pages and the CLI ask of access: people of a project and their tokens. */
export interface People {
  list(scope: Scope): Promise<Person[]>
  /** Gives a role; makes the account when the name is new. Nobody gives more than he holds. */
  add(scope: Scope, input: { name: string; kind: 'person' | 'service'; role: string }): Promise<Person>
  removeRole(scope: Scope, input: { name: string; role: string }): Promise<void>
  tokens(scope: Scope): Promise<Token[]>
  createToken(
    scope: Scope,
    input: { name: string; for?: string; permissions?: readonly Permission[]; expiresInDays: number },
  ): Promise<{ token: Token; secret: string }>
  /** Makes the successor of a token; the old one works on until the overlap is over. */
  rotateToken(scope: Scope, id: string, overlapSeconds: number): Promise<{ token: Token; secret: string; old: Token }>
  revokeToken(scope: Scope, id: string): Promise<void>
  loginLinkFor(by: Principal, name: string | undefined): Promise<{ secret: string; expiresAt: number }>
}

const dayMs = 86_400_000

export function createPeople({ db, clock, events }: Deps, access: Access): People {
  const byName = async (name: string) => {
    const row = await db.read.selectFrom('principal').selectAll().where('name', '=', name).executeTakeFirst()
    if (!row) throw capabilityErrors.PRINCIPAL_NOT_FOUND(name)
    return row
  }
  const list = async (scope: Scope, only?: string): Promise<Person[]> => {
    // Everybody whom anything opens something in this project, with what somebody gave here and can take away.
    const held = (await holdings(db.read, clock())).filter(({ place }) => place === scope.project || place === '*')
    const ids = [...new Set(held.map((one) => one.principalId))]
    if (ids.length === 0) return []
    let query = db.read.selectFrom('principal').selectAll().where('id', 'in', ids).orderBy('name')
    if (only !== undefined) query = query.where('name', '=', only)
    return (await query.execute()).map((row) => {
      const own = held.filter((one) => one.principalId === row.id)
      return {
        id: row.id,
        name: row.name,
        kind: row.kind,
        instanceAdmin: own.some(({ reason }) => reason.kind === 'instance-admin'),
        disabledAt: row.disabled_at,
        createdAt: row.created_at,
        roles: own
          .filter(({ reason }) => reason.kind === 'role')
          .map(({ reason }) => ({ project: scope.project, role: reason.role }))
          .toSorted((a, b) => (a.role < b.role ? -1 : 1)),
        reasons: own.map(({ reason }) => reason),
      }
    })
  }
  const tokens = async (scope: Scope, id?: string): Promise<Token[]> => {
    let query = db.read
      .selectFrom('token')
      .innerJoin('principal', 'principal.id', 'token.principal_id')
      .select([
        'token.id',
        'token.name',
        'token.kind',
        'token.principal_id',
        'principal.name as principalName',
        'token.project_id',
        'token.permissions',
        'token.created_at',
        'token.expires_at',
        'token.revoked_at',
        'token.last_used_at',
        'token.rotated_to',
      ])
      .where('token.kind', '<>', 'run')
      .where((e) => e.or([e('token.project_id', '=', scope.project), e('token.project_id', 'is', null)]))
      .orderBy('token.created_at', 'desc')
      .limit(500)
    if (id !== undefined) query = query.where('token.id', '=', id)
    if (!holds(scope.principal, scope.project, 'member:write'))
      query = query.where('token.principal_id', '=', scope.principal.id)
    // Tokens of all projects belong to their owner and to the administrator, not to a project's admin.
    else if (!scope.principal.grants.has('*'))
      query = query.where((e) =>
        e.or([e('token.project_id', '=', scope.project), e('token.principal_id', '=', scope.principal.id)]),
      )
    return (await query.execute()).map((row) => ({
      id: row.id,
      name: row.name,
      kind: row.kind,
      principal: row.principal_id,
      principalName: row.principalName,
      project: row.project_id,
      permissions: row.permissions === null ? null : JSON.parse(row.permissions),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
      rotatedTo: row.rotated_to,
    }))
  }

  /**
   * A token never holds more than what it was made with: a narrowed one hands on what it has, and whoever makes one for a service account gives no more than he
   * holds himself. Undefined: whatever the account holds.
   */
  const tokenPermissions = async (
    scope: Scope,
    ownerId: string,
    wanted: readonly Permission[] | undefined,
  ): Promise<readonly Permission[] | undefined> => {
    const { principal, project } = scope
    if (wanted) {
      requireMayGive(scope, wanted)
      return wanted
    }
    const lent = principal.lent?.get(project)?.permissions
    const own = permissions.filter((one) => holds(principal, project, one) && !lent?.has(one))
    if (principal.narrowed) return own
    if (ownerId === principal.id) return undefined
    const theirs = await lastingPermissions(db.read, ownerId, project)
    return [...theirs].every((one) => own.includes(one)) ? undefined : own.filter((one) => theirs.has(one))
  }

  return {
    list: (scope) => list(scope),
    add: async (scope, { name, kind, role }) => {
      requireMayGive(scope, await requireRole(db.read, scope.project, role))
      const found = await db.read
        .selectFrom('principal')
        .select(['id', 'kind'])
        .where('name', '=', name)
        .executeTakeFirst()
      if (found && found.kind !== kind) throw capabilityErrors.NAME_TAKEN(name)
      const id = found?.id ?? (await access.createPrincipal(scope.principal, { name, kind })).id
      await access.grantRole(scope, { principalId: id, role })
      const [person] = await list(scope, name)
      if (!person) throw capabilityErrors.PRINCIPAL_NOT_FOUND(name)
      return person
    },
    removeRole: async (scope, { name, role }) => {
      const principal = await byName(name)
      await db.write.transaction().execute(async (trx) => {
        const given = await trx
          .deleteFrom('membership')
          .where('project_id', '=', scope.project)
          .where('principal_id', '=', principal.id)
          .where('role', '=', role as Role)
          .executeTakeFirst()
        const custom = await trx
          .deleteFrom('role_grant')
          .where('project_id', '=', scope.project)
          .where('kind', '=', 'principal')
          .where('holder', '=', principal.id)
          .where('role', '=', role)
          .executeTakeFirst()
        if (given.numDeletedRows + custom.numDeletedRows === 0n)
          throw capabilityErrors.ROLE_NOT_HELD(name, role, scope.project)
        await events.append(trx, {
          project: scope.project,
          name: 'membership.removed',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'principal', principal.id),
          refs: [],
          data: { role },
        })
      })
    },
    tokens: (scope) => tokens(scope),
    createToken: async (scope, input) => {
      const owner = input.for === undefined ? undefined : await byName(input.for)
      if (owner && owner.id !== scope.principal.id) {
        if (!holds(scope.principal, scope.project, 'member:write'))
          throw accessErrors.FORBIDDEN('member:write', scope.project)
        const member = (await lastingPermissions(db.read, owner.id, scope.project)).size > 0
        if (!member || owner.kind !== 'service') throw capabilityErrors.NOT_A_SERVICE_ACCOUNT(owner.name, scope.project)
      }
      // A token never holds more, nor longer, than what it was made with; without a list a narrowed one hands on what it has.
      const { principal } = scope
      if (principal.kind === 'run') throw capabilityErrors.RUN_MAKES_NO_TOKEN()
      const granted = await tokenPermissions(scope, owner?.id ?? principal.id, input.permissions)
      const wanted = clock() + input.expiresInDays * dayMs
      const { id, secret } = await access.createToken(principal, {
        principalId: owner?.id ?? principal.id,
        name: input.name,
        project: scope.project,
        expiresAt: principal.narrowed ? Math.min(wanted, principal.expiresAt ?? wanted) : wanted,
        ...(granted ? { permissions: granted } : {}),
      })
      const [token] = await tokens(scope, id)
      if (!token) throw capabilityErrors.TOKEN_NOT_FOUND(id)
      return { token, secret }
    },
    rotateToken: async (scope, id, overlapSeconds) => {
      const [old] = await tokens(scope, id)
      if (!old || old.kind !== 'token') throw capabilityErrors.TOKEN_NOT_FOUND(id)
      const now = clock()
      if (old.rotatedTo !== null || old.revokedAt !== null || (old.expiresAt ?? now + 1) <= now)
        throw capabilityErrors.ROTATED_ALREADY(old.rotatedTo ?? id)
      const { principal } = scope
      if (principal.kind === 'run') throw capabilityErrors.RUN_MAKES_NO_TOKEN()
      const owner = await byName(old.principalName)
      // People rotate their own; the secret of another person is for nobody else.
      if (owner.id !== principal.id && owner.kind !== 'service')
        throw capabilityErrors.NOT_A_SERVICE_ACCOUNT(owner.name, scope.project)
      const bounded = await tokenPermissions(scope, owner.id, undefined)
      if (bounded && (old.permissions === null || old.project === null))
        requireMayGive(scope, [...(await lastingPermissions(db.read, owner.id, scope.project))])
      if (old.project === null && principal.narrowed) throw capabilityErrors.TOKEN_NOT_FOUND(id)
      if (old.permissions && (bounded || owner.id !== principal.id)) requireMayGive(scope, old.permissions)
      const life = old.expiresAt === null ? undefined : old.expiresAt - old.createdAt
      const wanted = life === undefined ? undefined : now + life
      const end = principal.narrowed ? Math.min(wanted ?? Infinity, principal.expiresAt ?? Infinity) : wanted
      const made = await access.rotateToken(principal, {
        id: old.id,
        oldEndsAt: Math.min(old.expiresAt ?? Infinity, now + overlapSeconds * 1000),
        successor: {
          principalId: owner.id,
          name: old.name,
          ...(old.project === null ? {} : { project: old.project }),
          ...(old.permissions === null ? {} : { permissions: old.permissions }),
          ...(end === undefined || end === Infinity ? {} : { expiresAt: end }),
        },
      })
      if (!made) throw capabilityErrors.ROTATED_ALREADY(id)
      const [token] = await tokens(scope, made.id)
      const [ending] = await tokens(scope, id)
      if (!token || !ending) throw capabilityErrors.TOKEN_NOT_FOUND(id)
      return { token, secret: made.secret, old: ending }
    },
    revokeToken: async (scope, id) => {
      const [token] = await tokens(scope, id)
      if (!token) throw capabilityErrors.TOKEN_NOT_FOUND(id)
      await access.revokeToken(scope.principal, id)
    },
    loginLinkFor: async (by, name) => {
      if (by.narrowed) throw capabilityErrors.NARROWED()
      if (by.kind !== 'person') throw capabilityErrors.SERVICE_CANNOT_LOG_IN(by.name)
      if (name === undefined || name === by.name) return access.createLoginLink(by, by.id)
      if (by.grants.get('*')?.has('instance:admin') !== true)
        throw accessErrors.FORBIDDEN('instance:admin', 'all projects')
      const principal = await byName(name)
      if (principal.kind === 'service') throw capabilityErrors.SERVICE_CANNOT_LOG_IN(name)
      return access.createLoginLink(by, principal.id)
    },
  }
}
