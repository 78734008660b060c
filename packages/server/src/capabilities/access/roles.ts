import { type Permission, type RoleDefinition, type Role, roles } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal, Scope } from '../../kernel/principal/index.ts'
import { capabilityErrors } from './errors.ts'
import { knownPermissions } from './holdings.ts'
import { requireMayGive } from './may-give.ts'
import { brokenBefore, keepSeparation } from './separation.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events'>

/** Roles that were made here, beside those of the program. */
export interface Roles {
  list(scope: Scope): Promise<RoleDefinition[]>
  define(scope: Scope, name: string, input: RoleInput): Promise<RoleDefinition>
  remove(scope: Scope, name: string): Promise<number>
  /** A role that every project can give. */
  defineEverywhere(by: Principal, name: string, input: RoleInput): Promise<RoleDefinition>
  removeEverywhere(by: Principal, name: string): Promise<number>
}

/** What a role is made of. */
export interface RoleInput {
  readonly description?: string
  readonly permissions: readonly Permission[]
}

const descriptions: Record<Role, string> = {
  viewer: 'Reads everything but single rows.',
  contributor: 'Adds data, features, runs and versions, reads rows, runs pipelines.',
  maintainer: 'Also defines pipelines, deploys, monitors, handles alerts, reads personal columns.',
  approver: 'Reads, decides in the inbox, handles alerts; changes nothing else.',
  admin: 'Everything in the project.',
}

const isRole = (name: string): name is Role => Object.hasOwn(roles, name)

/** The permissions of a role as it stands in a project. Throws ACCESS.UNKNOWN_ROLE. */
export async function requireRole(db: Reader, project: string, name: string): Promise<readonly Permission[]> {
  if (isRole(name)) return roles[name]
  const found = await db
    .selectFrom('custom_role')
    .select(['place', 'permissions'])
    .where('place', 'in', [project, '*'])
    .where('name', '=', name)
    .orderBy('place', 'desc')
    .execute()
  const [first] = found
  if (!first) throw capabilityErrors.UNKNOWN_ROLE(name)
  return knownPermissions(first.permissions)
}

export function createRoles({ db, clock, events }: Deps): Roles {
  const list = async (place: string): Promise<RoleDefinition[]> => {
    const custom = await db.read
      .selectFrom('custom_role')
      .selectAll()
      .where('place', 'in', [place, '*'])
      .orderBy('name')
      .execute()
    const held = new Map<string, number>()
    for (const table of ['membership', 'role_grant'] as const)
      for (const { role, n } of await db.read
        .selectFrom(table)
        .select((e) => ['role', e.fn.countAll<number>().as('n')])
        .where('project_id', '=', place)
        .groupBy('role')
        .execute())
        held.set(role, (held.get(role) ?? 0) + Number(n))
    const own = new Set(custom.filter((row) => row.place !== '*').map(({ name }) => name))
    return [
      ...(Object.keys(roles) as Role[]).map((name) => ({
        name,
        origin: 'program' as const,
        description: descriptions[name],
        permissions: [...roles[name]],
        holders: held.get(name) ?? 0,
      })),
      ...custom
        .filter((row) => row.place !== '*' || !own.has(row.name))
        .map((row) => ({
          name: row.name,
          origin: row.place === '*' ? ('instance' as const) : ('project' as const),
          description: row.description,
          permissions: knownPermissions(row.permissions),
          holders: held.get(row.name) ?? 0,
        })),
    ]
  }
  const note = (trx: Trx, by: string, place: string, name: string, event: string, data: Record<string, unknown>) => {
    const project = place === '*' ? 'default' : place
    return events.append(trx, {
      project,
      name: event,
      schema: 1,
      by,
      subject: urn(project, 'role', name),
      refs: [],
      data: { ...data, everywhere: place === '*' },
    })
  }
  const define = async (by: string, place: string, name: string, input: RoleInput): Promise<RoleDefinition> => {
    if (isRole(name)) throw capabilityErrors.ROLE_OF_PROGRAM(name)
    if (input.permissions.includes('instance:admin')) throw capabilityErrors.NOT_IN_A_ROLE('instance:admin')
    const values = {
      description: input.description ?? '',
      permissions: JSON.stringify(input.permissions),
      changed_at: clock(),
      changed_by: by,
    }
    await db.write.transaction().execute(async (trx) => {
      const before = await brokenBefore(asReader(trx), place === '*' ? undefined : place)
      await trx
        .insertInto('custom_role')
        .values({ place, name, ...values })
        .onConflict((c) => c.columns(['place', 'name']).doUpdateSet(values))
        .execute()
      await keepSeparation(asReader(trx), place === '*' ? undefined : place, before)
      await note(trx, by, place, name, 'role.defined', { permissions: [...input.permissions] })
    })
    const found = (await list(place === '*' ? 'default' : place)).find((one) => one.name === name)
    if (!found) throw capabilityErrors.UNKNOWN_ROLE(name)
    return found
  }
  const remove = (by: string, place: string, name: string): Promise<number> => {
    if (isRole(name)) throw capabilityErrors.ROLE_OF_PROGRAM(name)
    return db.write.transaction().execute(async (trx) => {
      const gone = await trx
        .deleteFrom('custom_role')
        .where('place', '=', place)
        .where('name', '=', name)
        .executeTakeFirst()
      if (gone.numDeletedRows === 0n) throw capabilityErrors.UNKNOWN_ROLE(name)
      // A project's own role of the same name stays what it is.
      const kept = trx.selectFrom('custom_role').select('place').where('name', '=', name)
      let grants = trx.deleteFrom('role_grant').where('role', '=', name).where('project_id', 'not in', kept)
      if (place !== '*') grants = grants.where('project_id', '=', place)
      const everywhere = await trx
        .selectFrom('custom_role')
        .select('place')
        .where('place', '=', '*')
        .where('name', '=', name)
        .executeTakeFirst()
      const taken = everywhere ? 0n : (await grants.executeTakeFirst()).numDeletedRows
      await note(trx, by, place, name, 'role.removed', { taken: Number(taken) })
      return Number(taken)
    })
  }
  return {
    list: (scope) => list(scope.project),
    define: async (scope, name, input) => {
      requireMayGive(scope, input.permissions)
      return define(scope.principal.id, scope.project, name, input)
    },
    remove: (scope, name) => remove(scope.principal.id, scope.project, name),
    defineEverywhere: (by, name, input) => define(by.id, '*', name, input),
    removeEverywhere: (by, name) => remove(by.id, '*', name),
  }
}
