import { endSession, endSessions, listSessions } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import { amountText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium sessions …` */
export function sessionCommands(program: Command, terminal: Terminal): void {
  const group = program.command('sessions').alias('session').description('Browsers that are signed in.')
  onAction(
    terminal,
    group
      .command('list')
      .option('--all', "everybody's; the administrator of the instance may")
      .description('Lists your browser sessions that go on.'),
    async ({ client, options, show }) => {
      show(await client.call(listSessions, { query: { all: options['all'] === true } }), ({ sessions }) =>
        tableText(
          ['id', 'of', 'by', 'address', 'begun', 'last used', 'ends', 'browser'],
          sessions.map((one) => [
            one.id,
            one.principalName,
            one.method,
            one.address,
            timeText(one.createdAt),
            timeText(one.lastUsedAt),
            timeText(Math.min(one.idleEndsAt, one.expiresAt ?? one.idleEndsAt)),
            one.browser.slice(0, 60),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('revoke')
      .argument('[id]', 'id of the session, as list shows it')
      .option('--all', 'all of yours, or of --of')
      .option('--of <name>', 'all of somebody else; the administrator of the instance may')
      .description('Ends a session at once, or all of an account.'),
    async ({ client, options, show }, id: string | undefined) => {
      const of = options['of'] as string | undefined
      if (id !== undefined) {
        await client.call(endSession, { params: { session: id } })
        show({ ended: 1 }, () => `${id} has ended.`)
      } else if (options['all'] === true || of !== undefined) {
        show(
          await client.call(endSessions, { query: of === undefined ? {} : { of } }),
          ({ ended }) => `${amountText(ended, 'session')} ended.`,
        )
      } else throw new FailedError('Say which: an id, --all for all of yours, or --of NAME for all of somebody.')
    },
  )
}
