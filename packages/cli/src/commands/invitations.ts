import {
  createInvitation,
  type Invitation,
  listInvitations,
  revokeInvitation,
  setAccountDisabled,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium people invite`, `invitations`, `uninvite`, `disable`, `enable`, below the group that `people` made. */
export function invitationCommands(people: Command, terminal: Terminal): void {
  onAction(
    terminal,
    people
      .command('invite')
      .argument('[name]', 'name that is suggested')
      .requiredOption('--role <role>', 'what the new person may do in the project')
      .option('--mail <address>', 'who signs in by the identity provider must have it, verified there')
      .option('--days <number>', 'days that the link is good for; 7 unless given', Number)
      .description('Makes a link, good for one use, by which somebody new gets an account and the role; prints it.'),
    async ({ client, project, url, options, show }, name: string | undefined) => {
      const { role, mail, days } = options as unknown as { role: string; mail?: string; days?: number }
      const made = await client.call(createInvitation, {
        params: { project },
        body: {
          role,
          ...(name === undefined ? {} : { name }),
          ...(mail === undefined ? {} : { mail }),
          ...(days === undefined ? {} : { expiresInDays: days }),
        },
      })
      show({ ...made, url: `${url}${made.path}` }, (one) => one.url)
    },
  )
  onAction(
    terminal,
    people.command('invitations').description('Lists the invitations to the project.'),
    async ({ client, project, show }) => {
      show(await client.call(listInvitations, { params: { project } }), ({ invitations }) =>
        tableText(
          ['id', 'role', 'for', 'by', 'made', 'expires', 'state'],
          invitations.map((one) => [
            one.id,
            one.role,
            one.mail ?? one.name,
            one.invitedBy,
            timeText(one.createdAt),
            timeText(one.expiresAt),
            stateOf(one),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    people.command('uninvite').argument('<id>').description('Takes an invitation back that nobody has used.'),
    async ({ client, project, show }, invitation: string) => {
      await client.call(revokeInvitation, { params: { project, invitation } })
      show({ revoked: invitation }, () => `${invitation} opens nothing any more.`)
    },
  )
  for (const [command, disabled, what] of [
    ['disable', true, 'Refuses an account with all its tokens and sessions, at once and everywhere.'],
    ['enable', false, 'Lets a disabled account work again; its sessions stay ended.'],
  ] as const)
    onAction(
      terminal,
      people.command(command).argument('<name>').description(`${what} The administrator of the instance may.`),
      async ({ client, show }, name: string) => {
        show(await client.call(setAccountDisabled, { params: { name }, body: { disabled } }), (one) =>
          one.disabledAt === null ? `${one.name} works again.` : `${one.name} is disabled.`,
        )
      },
    )
}

function stateOf({ usedAt, usedBy, revokedAt, expiresAt }: Invitation): string {
  if (usedAt !== null) return `used by ${usedBy ?? 'somebody'}`
  if (revokedAt !== null) return 'taken back'
  return expiresAt <= Date.now() ? 'expired' : 'open'
}
