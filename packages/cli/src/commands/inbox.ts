import { assignInboxItem, decideInboxItem, getInboxItem, type InboxItem, listInbox } from '@trivium/contract'
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
      'assigned to': item.assignee?.name ?? null,
      due: item.overdueAt === null ? timeText(item.dueAt) : `${timeText(item.dueAt)}, overdue`,
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
          ['id', 'kind', 'title', 'state', 'assignee', 'due', 'opened', 'by'],
          items.map((item) => [
            item.id,
            item.kind,
            item.title,
            item.decision?.option ?? (item.overdueAt === null ? item.state : `${item.state}, overdue`),
            item.assignee?.name ?? '',
            item.dueAt === null ? '' : timeText(item.dueAt),
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
  onAction(
    terminal,
    group
      .command('assign')
      .argument('<id>', 'inb_…')
      .argument('[name]', 'who shall decide; without a name all who may')
      .description('Gives an open item to somebody.'),
    async ({ client, project, show }, item: string, name: string | undefined) => {
      show(
        await client.call(assignInboxItem, { params: { project, item }, body: { assignee: name ?? null } }),
        ({ title, assignee }) => `${title}: ${assignee ? `assigned to ${assignee.name}` : 'open to all who may'}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('decide')
      .argument('<id>', 'inb_…')
      .argument('<option>', 'one of the options that `inbox show` lists')
      .option('--reason <text>', 'why')
      .description('Decides a review, a judgement or any other item by one of its options.'),
    async ({ client, project, options, show }, item: string, option: string) => {
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
