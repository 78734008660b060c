import type { Group } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal, Scope } from '../../kernel/principal/index.ts'
import { capabilityErrors } from './errors.ts'
import { requireMayGive } from './may-give.ts'
import { requireRole } from './roles.ts'
import { brokenBefore, keepSeparation } from './separation.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events'>

/** Groups of people, known to the whole instance; each can hold roles in projects. */
export interface Groups {
  /** All of them, for administrators of the instance. */
  listAll(): Promise<Group[]>
  /** Those that hold a role in the project. */
  list(scope: Scope): Promise<Group[]>
  put(by: Principal, name: string, input: { description?: string }): Promise<Group>
  remove(by: Principal, name: string): Promise<void>
  addMember(by: Principal, group: string, member: string): Promise<Group>
  removeMember(by: Principal, group: string, member: string): Promise<Group>
  grant(scope: Scope, group: string, role: string): Promise<Group>
  takeRole(scope: Scope, group: string, role: string): Promise<void>
}

/**
 * Makes somebody a member of exactly those of the named groups that exist, as far as `source` (an identity provider) says; what others say of him, and what
 * was done by hand, stays. Names that no group has are ignored.
 */
export async function setExternalGroups(
  trx: Trx,
  principalId: string,
  source: string,
  groupNames: readonly string[],
  now: number,
): Promise<void> {
  if (source === '') throw new Error('An external source of groups needs a name.')
  await trx
    .deleteFrom('access_group_member')
    .where('principal_id', '=', principalId)
    .where('source', '=', source)
    .execute()
  const names = [...new Set(groupNames)]
  if (names.length === 0) return
  const known = await trx.selectFrom('access_group').select('name').where('name', 'in', names).execute()
  for (const { name } of known)
    await trx
      .insertInto('access_group_member')
      .values({ group_name: name, principal_id: principalId, source, created_at: now })
      .execute()
}

export function createGroups({ db, clock, events }: Deps): Groups {
  const read = async (reader: Reader, filter: { name?: string; project?: string }): Promise<Group[]> => {
    let groups = reader.selectFrom('access_group').selectAll().orderBy('name')
    let grants = reader
      .selectFrom('role_grant')
      .select(['holder', 'project_id', 'role'])
      .where('kind', '=', 'group')
      .orderBy('project_id')
      .orderBy('role')
    let members = reader
      .selectFrom('access_group_member')
      .innerJoin('principal', 'principal.id', 'access_group_member.principal_id')
      .select(['group_name', 'principal.name', 'source'])
      .orderBy('principal.name')
    if (filter.name !== undefined) {
      groups = groups.where('name', '=', filter.name)
      members = members.where('group_name', '=', filter.name)
    }
    // A project sees what its groups hold in it, and of other groups nothing.
    if (filter.project !== undefined) grants = grants.where('project_id', '=', filter.project)
    const held = await grants.execute()
    const within = await members.execute()
    return (await groups.execute())
      .map((group) => ({
        name: group.name,
        description: group.description,
        members: within
          .filter((one) => one.group_name === group.name)
          .map(({ name, source }) => ({ name, source: source || null })),
        roles: held
          .filter((one) => one.holder === group.name)
          .map(({ project_id: project, role }) => ({ project, role })),
      }))
      .filter((group) => filter.project === undefined || filter.name !== undefined || group.roles.length > 0)
  }
  const requireGroup = async (reader: Reader, name: string, project?: string): Promise<Group> => {
    const [group] = await read(reader, { name, ...(project === undefined ? {} : { project }) })
    if (!group) throw capabilityErrors.GROUP_NOT_FOUND(name)
    return group
  }
  const note = (
    trx: Trx,
    project: string,
    by: Principal,
    event: string,
    group: string,
    data: Record<string, unknown>,
  ) =>
    events.append(trx, {
      project,
      name: event,
      schema: 1,
      by: by.id,
      subject: urn(project, 'group', encodeURIComponent(group)),
      refs: [],
      data,
    })
  const memberId = async (trx: Trx, name: string): Promise<string> => {
    const row = await trx.selectFrom('principal').select('id').where('name', '=', name).executeTakeFirst()
    if (!row) throw capabilityErrors.PRINCIPAL_NOT_FOUND(name)
    return row.id
  }
  /** One change of a group, with what must hold after it and what is told of it. */
  const change = async (
    by: Principal,
    project: string | undefined,
    group: string,
    event: string,
    work: (trx: Trx) => Promise<Record<string, unknown>>,
  ): Promise<void> => {
    await db.write.transaction().execute(async (trx) => {
      const before = await brokenBefore(asReader(trx), project)
      const data = await work(trx)
      await keepSeparation(asReader(trx), project, before)
      await note(trx, project ?? 'default', by, event, group, data)
    })
  }
  return {
    listAll: () => read(db.read, {}),
    list: ({ project }) => read(db.read, { project }),
    put: async (by, name, { description = '' }) => {
      await change(by, undefined, name, 'group.defined', async (trx) => {
        await trx
          .insertInto('access_group')
          .values({ name, description, created_at: clock(), created_by: by.id })
          .onConflict((c) => c.column('name').doUpdateSet({ description }))
          .execute()
        return {}
      })
      return requireGroup(db.read, name)
    },
    remove: (by, name) =>
      change(by, undefined, name, 'group.removed', async (trx) => {
        const gone = await trx.deleteFrom('access_group').where('name', '=', name).executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw capabilityErrors.GROUP_NOT_FOUND(name)
        await trx.deleteFrom('role_grant').where('kind', '=', 'group').where('holder', '=', name).execute()
        return {}
      }),
    addMember: async (by, group, member) => {
      await change(by, undefined, group, 'group.member-added', async (trx) => {
        await requireGroup(asReader(trx), group)
        const id = await memberId(trx, member)
        await trx
          .insertInto('access_group_member')
          .values({ group_name: group, principal_id: id, source: '', created_at: clock() })
          .onConflict((c) => c.doNothing())
          .execute()
        return { principal: id }
      })
      return requireGroup(db.read, group)
    },
    removeMember: async (by, group, member) => {
      await change(by, undefined, group, 'group.member-removed', async (trx) => {
        await requireGroup(asReader(trx), group)
        const id = await memberId(trx, member)
        const gone = await trx
          .deleteFrom('access_group_member')
          .where('group_name', '=', group)
          .where('principal_id', '=', id)
          .where('source', '=', '')
          .executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw capabilityErrors.NOT_A_MEMBER(member, group)
        return { principal: id }
      })
      return requireGroup(db.read, group)
    },
    grant: async (scope, group, role) => {
      const { project, principal } = scope
      requireMayGive(scope, await requireRole(db.read, project, role))
      await change(principal, project, group, 'group.role-granted', async (trx) => {
        await requireGroup(asReader(trx), group, project)
        await trx
          .insertInto('role_grant')
          .values({
            project_id: project,
            kind: 'group',
            holder: group,
            role,
            created_at: clock(),
            created_by: principal.id,
          })
          .onConflict((c) => c.doNothing())
          .execute()
        return { role }
      })
      return requireGroup(db.read, group, project)
    },
    takeRole: ({ project, principal }, group, role) =>
      change(principal, project, group, 'group.role-removed', async (trx) => {
        const gone = await trx
          .deleteFrom('role_grant')
          .where('project_id', '=', project)
          .where('kind', '=', 'group')
          .where('holder', '=', group)
          .where('role', '=', role)
          .executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw capabilityErrors.GROUP_ROLE_NOT_HELD(group, role, project)
        return { role }
      }),
  }
}
