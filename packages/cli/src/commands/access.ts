import {
  addGroupMember,
  defineInstanceRole,
  defineRole,
  deleteGroup,
  deleteRole,
  endBreakGlass,
  explainAccess,
  getSeparation,
  type GrantReason,
  grantGroupRole,
  listBreakGlass,
  listHolders,
  listProjectGroups,
  listRoles,
  type Permission,
  putGroup,
  removeGroupMember,
  removeGroupRole,
  setSeparation,
  startBreakGlass,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const list = (text: string): Permission[] => text.split(',').map((one) => one.trim()) as Permission[]

const reasonText = ({ kind, role, group, until }: GrantReason): string =>
  kind === 'break-glass'
    ? `break-glass until ${timeText(until)}`
    : `${kind === 'instance-admin' ? 'administrator of the instance' : `role ${role}`}${group === null ? '' : ` by group ${group}`}`

/** `trivium access …`: who may do what, and why. */
export function accessCommands(program: Command, terminal: Terminal): void {
  const access = program.command('access').description('Who may do what in the project, and why.')
  onAction(
    terminal,
    access
      .command('explain')
      .argument('<who>', 'name of a person or service account')
      .argument('<permission>', 'for example deployment:write')
      .description('Says whether somebody holds a permission, and by what, or which roles would give it.'),
    async ({ client, project, show }, principal: string, permission: string) => {
      show(
        await client.call(explainAccess, {
          params: { project },
          query: { principal, permission: permission as Permission },
        }),
        ({ sentence, separation }) =>
          [sentence, ...separation.map(({ first, second }) => `A rule keeps ${first} and ${second} apart here.`)].join(
            '\n',
          ),
      )
    },
  )
  onAction(
    terminal,
    access.command('holders').argument('<permission>').description('Lists who holds a permission, and by what.'),
    async ({ client, project, show }, permission: string) => {
      show(
        await client.call(listHolders, { params: { project }, query: { permission: permission as Permission } }),
        ({ holders }) =>
          tableText(
            ['name', 'kind', 'why'],
            holders.map((one) => [one.name, one.kind, one.reasons.map(reasonText).join('; ')]),
          ),
      )
    },
  )
  onAction(
    terminal,
    access
      .command('separation')
      .option('--rule <pair...>', 'two permissions, a comma between; these rules take the place of those before')
      .option('--none', 'takes every rule away')
      .description('Shows or sets which permissions nobody is given together.'),
    async ({ client, project, options, show }) => {
      const { rule, none } = options as { rule?: string[]; none?: boolean }
      if (rule || none) {
        const rules = (rule ?? []).map((pair) => {
          const [first, second] = list(pair)
          return { first, second } as { first: Permission; second: Permission }
        })
        await client.call(setSeparation, { params: { project }, body: { rules } })
      }
      show(await client.call(getSeparation, { params: { project } }), ({ rules, broken }) =>
        [
          ...(rules.length === 0
            ? ['No rule.']
            : rules.map((one) => `Nobody is given ${one.first} and ${one.second}.`)),
          ...broken.map((one) => `${one.name} held ${one.first} and ${one.second} before the rule was made.`),
        ].join('\n'),
      )
    },
  )
}

/** `trivium role …` */
export function roleCommands(program: Command, terminal: Terminal): void {
  const group = program.command('role').description('Roles: names for permissions.')
  onAction(
    terminal,
    group.command('list').description('Lists the roles that can be given in the project.'),
    async ({ client, project, show }) => {
      show(await client.call(listRoles, { params: { project } }), ({ roles }) =>
        tableText(
          ['name', 'from', 'held by', 'permissions'],
          roles.map((one) => [one.name, one.origin, String(one.holders), one.permissions.join(' ')]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('set')
      .argument('<name>')
      .requiredOption('--permissions <list>', 'comma-separated')
      .option('--about <text>', 'what it is for')
      .option('--everywhere', 'a role of the instance, which every project can give')
      .description('Makes or changes a role; whoever holds it gains or loses at once.'),
    async ({ client, project, options, show }, role: string) => {
      const { permissions, about, everywhere } = options as unknown as {
        permissions: string
        about?: string
        everywhere?: boolean
      }
      const body = { permissions: list(permissions), ...(about === undefined ? {} : { description: about }) }
      show(
        everywhere
          ? await client.call(defineInstanceRole, { params: { role }, body })
          : await client.call(defineRole, { params: { project, role }, body }),
        (one) => `${one.name} holds ${one.permissions.join(', ')}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('remove')
      .argument('<name>')
      .description('Removes a role of the project from everybody who holds it.'),
    async ({ client, project, show }, role: string) => {
      show(
        await client.call(deleteRole, { params: { project, role } }),
        ({ taken }) => `${role} is gone; ${taken} held it.`,
      )
    },
  )
}

/** `trivium group …` */
export function groupCommands(program: Command, terminal: Terminal): void {
  const group = program.command('group').description('Groups of people; each can hold roles in projects.')
  onAction(
    terminal,
    group.command('list').description('Lists the groups that hold a role in the project.'),
    async ({ client, project, show }) => {
      show(await client.call(listProjectGroups, { params: { project } }), ({ groups }) =>
        tableText(
          ['name', 'roles', 'members'],
          groups.map((one) => [
            one.name,
            one.roles.map(({ role }) => role).join(', '),
            one.members.map(({ name }) => name).join(', '),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('add')
      .argument('<group>')
      .argument('[names...]', 'people to put into it')
      .description('Makes a group if there is none, and puts people into it.'),
    async ({ client, show }, name: string, names: string[]) => {
      let made = await client.call(putGroup, { params: { group: name }, body: {} })
      for (const member of names) made = await client.call(addGroupMember, { params: { group: name, name: member } })
      show(made, (one) => `${one.name}: ${one.members.map((member) => member.name).join(', ') || 'nobody yet'}.`)
    },
  )
  onAction(
    terminal,
    group
      .command('remove')
      .argument('<group>')
      .argument('[names...]', 'people to take out; without them the group goes')
      .description('Takes people out of a group, or removes it.'),
    async ({ client, show }, name: string, names: string[]) => {
      for (const member of names) await client.call(removeGroupMember, { params: { group: name, name: member } })
      if (names.length === 0) await client.call(deleteGroup, { params: { group: name } })
      show({ group: name, removed: names }, () =>
        names.length === 0 ? `${name} is gone.` : `${names.join(', ')} left ${name}.`,
      )
    },
  )
  for (const [verb, what] of [
    ['grant', 'Gives a group a role in the project.'],
    ['take', 'Takes a role in the project from a group.'],
  ] as const)
    onAction(
      terminal,
      group.command(verb).argument('<group>').requiredOption('--role <role>', 'name of a role').description(what),
      async ({ client, project, options, show }, name: string) => {
        const role = String(options['role'])
        await client.call(verb === 'grant' ? grantGroupRole : removeGroupRole, {
          params: { project, group: name, role },
        })
        show({ group: name, role }, () => `${name} ${verb === 'grant' ? 'is' : 'is no longer'} ${role} in ${project}.`)
      },
    )
}

/** `trivium break-glass …` */
export function breakGlassCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('break-glass')
    .description("An administrator's permissions in the project for a short time, with a reason and an alarm.")
  onAction(
    terminal,
    group
      .command('start')
      .requiredOption('--reason <text>', 'why; the administrators of the project read it at once')
      .option('--minutes <number>', 'how long, at most 480; 60 unless given', Number)
      .description('Takes them. Whatever you do meanwhile says so.'),
    async ({ client, project, options, show }) => {
      const { reason, minutes } = options as unknown as { reason: string; minutes?: number }
      show(
        await client.call(startBreakGlass, {
          params: { project },
          body: { reason, ...(minutes === undefined ? {} : { minutes }) },
        }),
        (one) => `Until ${timeText(one.endsAt)}. End it with \`trivium break-glass end ${one.id}\`.`,
      )
    },
  )
  onAction(
    terminal,
    group.command('list').description('Lists who took them, newest first.'),
    async ({ client, project, show }) => {
      show(await client.call(listBreakGlass, { params: { project } }), ({ breakGlass }) =>
        tableText(
          ['id', 'who', 'from', 'to', 'now', 'reason'],
          breakGlass.map((one) => [
            one.id,
            one.principalName,
            timeText(one.startedAt),
            timeText(one.endsAt),
            one.active ? 'runs' : 'over',
            one.reason,
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('end').argument('<id>').description('Ends it early.'),
    async ({ client, project, show }, id: string) => {
      show(await client.call(endBreakGlass, { params: { project, id } }), () => `${id} is over.`)
    },
  )
}
