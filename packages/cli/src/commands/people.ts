import { addPerson, listPeople, removeRole, roleNames } from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import { invitationCommands } from './invitations.ts'
import type { Terminal } from '../terminal.ts'

const roleOption = () =>
  new Option('--role <role>', `${roleNames.join(', ')}, or one that was made here`).makeOptionMandatory()

/** `trivium people …` and `trivium service-account add` */
export function peopleCommands(program: Command, terminal: Terminal): void {
  const add = (parent: Command, kind: 'person' | 'service', what: string) =>
    onAction(
      terminal,
      parent
        .command('add')
        .argument('<name>', 'lower-case letters, digits, dot, underscore, hyphen')
        .addOption(roleOption())
        .description(`Gives a ${what} a role in the project; makes the account if the name is new.`),
      async ({ client, project, options, show }, name: string) => {
        const made = await client.call(addPerson, {
          params: { project },
          body: { name, kind, role: String(options['role']) },
        })
        show(
          made,
          (person) =>
            `${person.name} is ${person.roles
              .filter((one) => one.project === project)
              .map(({ role }) => role)
              .join(', ')} in ${project}.`,
        )
      },
    )
  const people = program.command('people').description('People and service accounts with a role in the project.')
  onAction(
    terminal,
    people.command('list').description('Lists them with their roles.'),
    async ({ client, project, show }) => {
      show(await client.call(listPeople, { params: { project } }), (found) =>
        tableText(
          ['name', 'kind', 'roles', 'since'],
          found.people.map((p) => [
            p.name,
            p.kind,
            p.roles
              .filter((one) => one.project === project)
              .map(({ role }) => role)
              .join(', '),
            timeText(p.createdAt),
          ]),
        ),
      )
    },
  )
  add(people, 'person', 'person')
  onAction(
    terminal,
    people.command('remove').argument('<name>').addOption(roleOption()).description('Takes a role away.'),
    async ({ client, project, options, show }, name: string) => {
      await client.call(removeRole, { params: { project, name, role: String(options['role']) } })
      show(
        { name, removed: options['role'] },
        (one) => `${one.name} is no longer ${String(one.removed)} in ${project}.`,
      )
    },
  )
  invitationCommands(people, terminal)
  add(program.command('service-account').description('Accounts of programs.'), 'service', 'service account')
}
