import { createToken, listTokens, type Permission, revokeToken, rotateToken } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium token …` */
export function tokenCommands(program: Command, terminal: Terminal): void {
  const group = program.command('token').alias('tokens').description('Tokens: how programs prove who calls.')
  onAction(
    terminal,
    group.command('list').description('Lists your tokens and sessions that work in the project.'),
    async ({ client, project, show }) => {
      show(await client.call(listTokens, { params: { project } }), ({ tokens }) =>
        tableText(
          ['id', 'name', 'of', 'kind', 'expires', 'last used', 'revoked'],
          tokens.map((t) => [
            t.id,
            t.name,
            t.principalName,
            t.kind,
            timeText(t.expiresAt),
            timeText(t.lastUsedAt),
            timeText(t.revokedAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('create')
      .argument('<name>', 'what it is for')
      .option('--for <account>', 'service account that it is for')
      .option('--days <number>', 'days until it expires', Number)
      .option('--permissions <list>', 'comma-separated permissions; without it all that the account has')
      .description('Makes a token of the project and prints it; it is shown this once.'),
    async ({ client, project, options, show }, name: string) => {
      const { for: account, days, permissions } = options as { for?: string; days?: number; permissions?: string }
      const made = await client.call(createToken, {
        params: { project },
        body: {
          name,
          ...(account === undefined ? {} : { for: account }),
          ...(days === undefined ? {} : { expiresInDays: days }),
          ...(permissions === undefined
            ? {}
            : { permissions: permissions.split(',').map((one) => one.trim()) as Permission[] }),
        },
      })
      show(made, ({ secret }) => secret)
    },
  )
  onAction(
    terminal,
    group
      .command('rotate')
      .argument('<id>', 'id of the token, as list shows it')
      .option('--overlap <seconds>', 'how long the old one works on; an hour unless given', Number)
      .description('Makes the token that takes its place and prints it; it is shown this once.'),
    async ({ client, project, options, show }, token: string) => {
      const { overlap } = options as { overlap?: number }
      const made = await client.call(rotateToken, {
        params: { project, token },
        body: overlap === undefined ? {} : { overlapSeconds: overlap },
      })
      show(made, ({ secret }) => secret)
    },
  )
  onAction(
    terminal,
    group
      .command('revoke')
      .argument('<id>', 'id of the token, as list shows it')
      .description('Revokes a token; from then on it is refused everywhere.'),
    async ({ client, project, show }, token: string) => {
      await client.call(revokeToken, { params: { project, token } })
      show({ revoked: token }, () => `${token} is revoked.`)
    },
  )
}
