import { type Permission, permissions, type Person, type Role, roles, type Token } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import { accessErrors, holds, type Principal, type Scope } from '../../kernel/principal/index.ts'
import type { Access } from './access.ts'
import { capabilityErrors } from './errors.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events'>

/** What the settings pages and the CLI ask of access: people of a project and their tokens. */
export interface People {
  list(scope: Scope): Promise<Person[]>
  /** Gives a role; makes the account when the name is new. Nobody gives more than he holds. */
  add(scope: Scope, input: { name: string; kind: 'person' | 'service'; role: Role }): Promise<Person>
  removeRole(scope: Scope, input: { name: string; role: Role }): Promise<void>
  tokens(scope: Scope): Promise<Token[]>
  createToken(
    scope: Scope,
    input: { name: string; for?: string; permissions?: readonly Permission[]; expiresInDays: number },
  ): Promise<{ token: Token; secret: string }>
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
    let query = db.read
      .selectFrom('membership')
      .innerJoin('principal', 'principal.id', 'membership.principal_id')
      .select([
        'principal.id',
        'principal.name',
        'principal.kind',
        'principal.is_instance_admin',
        'principal.disabled_at',
        'principal.created_at',
        'membership.role',
      ])
      .where('membership.project_id', '=', scope.project)
      .orderBy('principal.name')
      .orderBy('membership.role')
    if (only !== undefined) query = query.where('principal.name', '=', only)
    const people = new Map<string, Person>()
    for (const row of await query.execute()) {
      const person = people.get(row.id) ?? {
        id: row.id,
        name: row.name,
        kind: row.kind,
        instanceAdmin: row.is_instance_admin === 1,
        disabledAt: row.disabled_at,
        createdAt: row.created_at,
        roles: [],
      }
      person.roles.push({ project: scope.project, role: row.role })
      people.set(row.id, person)
    }
    if (only === undefined) {
      const admins = await db.read.selectFrom('principal').selectAll().where('is_instance_admin', '=', 1).execute()
      for (const row of admins)
        if (!people.has(row.id))
          people.set(row.id, {
            id: row.id,
            name: row.name,
            kind: row.kind,
            instanceAdmin: true,
            disabledAt: row.disabled_at,
            createdAt: row.created_at,
            roles: [],
          })
    }
    return [...people.values()]
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
    }))
  }

  return {
    list: (scope) => list(scope),
    add: async (scope, { name, kind, role }) => {
      requireAll(scope, roles[role])
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
        const { numDeletedRows } = await trx
          .deleteFrom('membership')
          .where('project_id', '=', scope.project)
          .where('principal_id', '=', principal.id)
          .where('role', '=', role)
          .executeTakeFirst()
        if (numDeletedRows === 0n) throw capabilityErrors.ROLE_NOT_HELD(name, role, scope.project)
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
        const member = await db.read
          .selectFrom('membership')
          .select('role')
          .where('project_id', '=', scope.project)
          .where('principal_id', '=', owner.id)
          .executeTakeFirst()
        if (!member || owner.kind !== 'service') throw capabilityErrors.NOT_A_SERVICE_ACCOUNT(owner.name, scope.project)
      }
      // A token never holds more, nor longer, than what it was made with; without a list a narrowed one hands on what it has.
      const { principal } = scope
      if (principal.kind === 'run') throw capabilityErrors.RUN_MAKES_NO_TOKEN()
      if (input.permissions) requireAll(scope, input.permissions)
      const granted =
        input.permissions ??
        (principal.narrowed ? permissions.filter((p) => holds(principal, scope.project, p)) : undefined)
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

/** Nobody hands on what he does not hold. */
function requireAll(scope: Scope, wanted: readonly Permission[]): void {
  const missing = wanted.find((permission) => !holds(scope.principal, scope.project, permission))
  if (missing) throw accessErrors.FORBIDDEN(missing, scope.project)
}
