import { decideInboxItem, getInboxItem, type InboxItem, listInbox } from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const describe = (item: InboxItem): string =>
  [
    factsText({
      item: item.id,
      title: item.title,
      summary: item.summary,
      subject: item.subject,
      state: item.state,
      'opened by': item.openedByName,
      at: timeText(item.openedAt),
      due: timeText(item.dueAt),
      'you may not': item.mayNotBecause,
      decision:
        item.decision &&
        `${item.decision.option} by ${item.decision.byName}${item.decision.reason ? `: ${item.decision.reason}` : ''}`,
    }),
    tableText(
      ['option', 'what it does'],
      item.options.map((option) => [option.id, `${option.consequence}${option.needsReason ? ' Needs a reason.' : ''}`]),
    ),
  ].join('\n\n')

/** `trivium inbox …` */
export function inboxCommands(program: Command, terminal: Terminal): void {
  const group = program.command('inbox').description('Human steps: what waits for a decision.')
  onAction(
    terminal,
    group
      .command('list')
      .addOption(new Option('--view <view>', 'whose').choices(['mine', 'team', 'done']).default('mine'))
      .description('Lists human steps.'),
    async ({ client, project, options, show }) => {
      const view = options['view'] as 'mine' | 'team' | 'done'
      show(await client.call(listInbox, { params: { project }, query: { view } }), ({ items }) =>
        tableText(
          ['id', 'kind', 'title', 'state', 'opened', 'by'],
          items.map((item) => [
            item.id,
            item.kind,
            item.title,
            item.decision?.option ?? item.state,
            timeText(item.openedAt),
            item.openedByName,
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<id>', 'inb_…').description('Shows one human step with its evidence.'),
    async ({ client, project, show }, item: string) => {
      show(await client.call(getInboxItem, { params: { project, item } }), describe)
    },
  )
  for (const option of ['approve', 'decline'] as const)
    onAction(
      terminal,
      group
        .command(option)
        .argument('<id>', 'inb_…')
        .option('--reason <text>', 'why')
        .description(option === 'approve' ? 'Approves. Nobody approves his own work.' : 'Declines, with a reason.'),
      async ({ client, project, options, show }, item: string) => {
        const reason = options['reason'] as string | undefined
        show(
          await client.call(decideInboxItem, {
            params: { project, item },
            body: { option, ...(reason === undefined ? {} : { reason }) },
          }),
          ({ title, decision }) => `${title}: ${decision?.option ?? option}.`,
        )
      },
    )
}
