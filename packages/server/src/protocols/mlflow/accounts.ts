import { lastingPermissions, type People } from '../../capabilities/access/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { rpc } from './rpc.ts'

const passwords =
  'Nobody sets a password for others here. Invite people with `trivium people invite NAME`; programs use a token, as MLFLOW_TRACKING_TOKEN or as the password beside any name (`trivium token create`).'
const accounts =
  'Accounts are ended by an administrator of the instance, with `trivium people disable NAME`; roles in a project are taken away in Settings → People, or with `trivium people remove`.'
const single = (level: string): string =>
  `Permissions are those of a role in a whole project, not of single experiments and models (this one: ${level}). Give a role in Settings → People or with \`trivium people add\`, or grant on the resource type "workspace": READ is viewer, EDIT contributor, MANAGE admin. What is apart belongs into a project of its own.`

/** Levels of MLflow that are exactly a role. */
const roles: Readonly<Record<string, string>> = { READ: 'viewer', EDIT: 'contributor', MANAGE: 'admin' }
const types = ['workspace', 'experiment', 'registered_model', 'prompt'] as const

interface Account {
  readonly id: string
  readonly name: string
  readonly is_instance_admin: number
}

/** users/* and the permissions of the basic-auth application, as far as they mean the same as people and roles of a project do. */
export function accountCalls(app: Http, people: People, { db }: Pick<Kernel, 'db'>): void {
  const shape = ({ id, name, is_instance_admin: admin }: Account) => ({
    id,
    username: name,
    is_admin: admin === 1,
    // Clients of 2.x look for these.
    experiment_permissions: [],
    registered_model_permissions: [],
    scorer_permissions: [],
  })
  /** Somebody who has anything to do with the project; of others nobody learns here. */
  const member = async (scope: Scope, name: string): Promise<Account> => {
    const person = (await people.list(scope)).find((one) => one.name === name)
    if (!person) throw mlflowErrors.NO_USER(name.slice(0, 100))
    return { id: person.id, name, is_instance_admin: Number(person.instanceAdmin) }
  }
  const userOf = (args: Args, scope: Scope) => member(scope, args.required('username'))
  const levelOf = async (scope: Scope, id: string, type: (typeof types)[number]): Promise<string> => {
    const held = await lastingPermissions(db.read, id, scope.project)
    const noun = type === 'experiment' ? 'run' : 'model'
    if (held.has('project:admin')) return 'MANAGE'
    const [writes, reads] =
      type === 'workspace'
        ? [held.has('run:write') && held.has('model:write'), held.has('project:read')]
        : [held.has(`${noun}:write`), held.has(`${noun}:read`)]
    return writes ? 'EDIT' : reads ? 'READ' : 'NO_PERMISSIONS'
  }
  const typeOf = (args: Args): (typeof types)[number] => {
    const type = types.find((one) => one === args.required('resource_type'))
    if (!type)
      throw mlflowErrors.INVALID(
        `Unsupported resource_type '${args.required('resource_type').slice(0, 50)}'. These are: ${types.join(', ')}.`,
      )
    return type
  }
  /** The project of the call, named as a workspace: the one kind of resource on which MLflow's levels are roles. */
  const workspaceOf = async (args: Args, scope: Scope, user: Account): Promise<void> => {
    const type = typeOf(args)
    if (type !== 'workspace') throw mlflowErrors.INVALID(single(await levelOf(scope, user.id, type)))
    if (args.required('resource_id') !== scope.project)
      throw mlflowErrors.INVALID(
        `This call acts in the workspace "${scope.project}". Name another one in the header X-MLFLOW-WORKSPACE.`,
      )
  }

  rpc(app, 'GET', 'users/current', 'project:read', async ({ scope: { principal } }) => ({
    user: {
      id: principal.id,
      username: principal.name,
      is_admin: principal.grants.get('*')?.has('instance:admin') === true,
    },
    is_basic_auth: false,
  }))
  rpc(app, 'GET', 'users/get', 'project:read', async ({ args, scope }) => ({ user: shape(await userOf(args, scope)) }))
  rpc(app, 'GET', 'users/list', 'project:read', async ({ scope }) => ({
    users: (await people.list(scope)).map(({ id, name, instanceAdmin, roles: held }) => ({
      ...shape({ id, name, is_instance_admin: Number(instanceAdmin) }),
      roles: held.map(({ role }) => ({ name: role, workspace: scope.project })),
    })),
  }))
  for (const [method, path] of [
    ['POST', 'users/create'],
    ['PATCH', 'users/update-password'],
  ] as const)
    rpc(app, method, path, 'member:write', async () => {
      throw mlflowErrors.INVALID(passwords)
    })
  rpc(app, 'PATCH', 'users/update-admin', 'member:write', async ({ args, scope }) => {
    const { is_instance_admin: is } = await userOf(args, scope)
    if (Number(args.flag('is_admin') ?? false) !== is)
      throw mlflowErrors.INVALID(
        'Who administers the instance is said by the identity provider or when the account is made, not by this call.',
      )
  })
  rpc(app, 'DELETE', 'users/delete', 'member:write', async ({ args, scope }) => {
    await userOf(args, scope)
    throw mlflowErrors.INVALID(accounts)
  })

  rpc(app, 'GET', 'users/permissions/get', 'project:read', async ({ args, scope }) => {
    const { id } = await userOf(args, scope)
    const permission = await levelOf(scope, id, typeOf(args))
    return { allowed: permission === 'EDIT' || permission === 'MANAGE', permission }
  })
  const grants = async (scope: Scope, id: string, name: string) => {
    const person = (await people.list(scope)).find((one) => one.name === name)
    return {
      is_admin: person?.instanceAdmin === true,
      // Roles that are no level of MLflow are not told as one.
      permissions: (person?.roles ?? []).flatMap(({ role }) => {
        const permission = Object.keys(roles).find((level) => roles[level] === role)
        if (permission === undefined) return []
        const where = { workspace: scope.project, resource_type: 'workspace', resource_pattern: '*' }
        return [{ role_id: role, role_name: role, ...where, permission }]
      }),
    }
  }
  rpc(app, 'GET', 'users/permissions/list', 'project:read', async ({ args, scope }) => {
    const { id, name } = await userOf(args, scope)
    return grants(scope, id, name)
  })
  rpc(app, 'GET', 'users/current/permissions', 'project:read', ({ scope }) =>
    grants(scope, scope.principal.id, scope.principal.name),
  )
  rpc(app, 'POST', 'users/permissions/grant', 'member:write', async ({ args, scope }) => {
    const user = await userOf(args, scope)
    await workspaceOf(args, scope, user)
    const role = roles[args.required('permission')]
    if (role === undefined)
      throw mlflowErrors.INVALID(
        `No role is exactly ${args.required('permission').slice(0, 50)}. These are: ${Object.keys(roles).join(', ')}.`,
      )
    const person = (await people.list(scope)).find(({ id }) => id === user.id)
    await people.add(scope, { name: user.name, kind: person?.kind ?? 'person', role })
  })
  rpc(app, 'POST', 'users/permissions/revoke', 'member:write', async ({ args, scope }) => {
    const user = await userOf(args, scope)
    await workspaceOf(args, scope, user)
    const person = (await people.list(scope)).find(({ id }) => id === user.id)
    for (const { role } of person?.roles ?? []) await people.removeRole(scope, { name: user.name, role })
  })

  for (const [noun, type, key, id] of [
    ['experiments', 'experiment', 'experiment_permission', 'experiment_id'],
    ['registered-models', 'registered_model', 'registered_model_permission', 'name'],
  ] as const) {
    rpc(app, 'GET', `${noun}/permissions/get`, 'project:read', async ({ args, scope }) => {
      const user = await userOf(args, scope)
      return { [key]: { [id]: args.id(id), user_id: user.id, permission: await levelOf(scope, user.id, type) } }
    })
    for (const [method, verb] of [
      ['POST', 'create'],
      ['PATCH', 'update'],
      ['DELETE', 'delete'],
    ] as const)
      rpc(app, method, `${noun}/permissions/${verb}`, 'member:write', async ({ args, scope }) => {
        const user = await userOf(args, scope)
        throw mlflowErrors.INVALID(single(await levelOf(scope, user.id, type)))
      })
  }
}
