import { acknowledgeAlert, getAlert, listAlerts, resolveAlert } from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { factsText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium alerts …` */
export function alertCommands(program: Command, terminal: Terminal): void {
  const group = program.command('alerts').description('Alerts.')
  onAction(
    terminal,
    group
      .command('list')
      .addOption(new Option('--state <state>', 'which ones').choices(['open', 'resolved', 'all']).default('open'))
      .description('Lists alerts, newest first.'),
    async ({ client, project, options, show }) => {
      const state = options['state'] as 'open' | 'resolved' | 'all'
      show(await client.call(listAlerts, { params: { project }, query: { state } }), ({ alerts }) =>
        tableText(
          ['id', 'state', 'alert', 'deployment', 'event time', 'seen by'],
          alerts.map((a) => [a.id, a.state, a.title, a.deployment, timeText(a.eventTime), a.acknowledgedByName]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group.command('show').argument('<id>', 'alr_…').description('Shows an alert with its evidence and history.'),
    async ({ client, project, show }, alert: string) => {
      show(await client.call(getAlert, { params: { project, alert } }), (a) =>
        [
          factsText({
            alert: a.title,
            state: a.state,
            evidence: a.evidence.sentence,
            suggestion: a.evidence.suggestion,
            deployment: a.deployment,
            model: a.model && `${a.model} v${a.version}`,
          }),
          tableText(
            ['at', 'what', 'detail', 'by'],
            a.history.map((moment) => [timeText(moment.at), moment.what, moment.detail, moment.byName]),
          ),
        ].join('\n\n'),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('ack')
      .argument('<id>', 'alr_…')
      .option('--note <text>', 'a note for the others')
      .description('Says that you have seen an alert and look after it.'),
    async ({ client, project, options, show }, alert: string) => {
      const note = options['note'] as string | undefined
      show(
        await client.call(acknowledgeAlert, { params: { project, alert }, body: note === undefined ? {} : { note } }),
        (a) => `${a.title}: ${a.state} by ${a.acknowledgedByName ?? 'you'}.`,
      )
    },
  )
  onAction(
    terminal,
    group
      .command('resolve')
      .argument('<id>', 'alr_…')
      .requiredOption('--reason <text>', 'why it is over')
      .description('Closes an alert by hand.'),
    async ({ client, project, options, show }, alert: string) => {
      show(
        await client.call(resolveAlert, { params: { project, alert }, body: { reason: String(options['reason']) } }),
        (a) => `${a.title}: ${a.state}.`,
      )
    },
  )
}
