import {
  createWebhook,
  deleteWebhook,
  listWebhookDeliveries,
  listWebhooks,
  replayWebhookDeliveries,
  tryWebhook,
  updateWebhook,
} from '@trivium/contract'
import { type Command, Option } from 'commander'
import { onAction } from '../command.ts'
import { FailedError } from '../fail.ts'
import { tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'

const patterns = (list: string): string[] => list.split(',').map((one) => one.trim())

/** `trivium webhooks …` */
export function webhookCommands(program: Command, terminal: Terminal): void {
  const group = program.command('webhooks').description('Webhooks: other programs are told of events.')
  onAction(
    terminal,
    group.command('list').description('Lists webhooks, and how they do.'),
    async ({ client, project, show }) => {
      show(await client.call(listWebhooks, { params: { project } }), ({ webhooks }) =>
        tableText(
          ['name', 'state', 'url', 'events', 'waiting', 'given up', 'last delivered'],
          webhooks.map((one) => [
            one.name,
            one.active ? 'on' : 'off',
            one.url,
            one.events.join(', '),
            one.waiting,
            one.dead,
            timeText(one.deliveredAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('add')
      .argument('<name>', 'lower-case letters, digits and hyphens')
      .argument('<url>', 'where events are posted')
      .requiredOption('--events <list>', 'comma-separated: alert.opened, alert.*, or * for everything')
      .description('Makes a webhook and prints the secret that its requests are signed with; it is shown this once.'),
    async ({ client, project, options, show }, name: string, url: string) => {
      const body = { name, url, events: patterns(options['events'] as string) }
      show(await client.call(createWebhook, { params: { project }, body }), ({ secret }) => secret)
    },
  )
  onAction(
    terminal,
    group
      .command('set')
      .argument('<name>', 'the webhook')
      .option('--url <url>', 'where it posts')
      .option('--events <list>', 'what it tells')
      .addOption(new Option('--state <state>', 'on or off').choices(['on', 'off']))
      .description('Changes a webhook.'),
    async ({ client, project, options, show }, webhook: string) => {
      const { url, events, state } = options as { url?: string; events?: string; state?: 'on' | 'off' }
      const body = {
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { events: patterns(events) }),
        ...(state === undefined ? {} : { active: state === 'on' }),
      }
      show(
        await client.call(updateWebhook, { params: { project, webhook }, body }),
        (one) => `${one.name} is ${one.active ? 'on' : 'off'} and tells ${one.events.join(', ')}.`,
      )
    },
  )
  onAction(
    terminal,
    group.command('remove').argument('<name>', 'the webhook').description('Removes a webhook with its deliveries.'),
    async ({ client, project, show }, webhook: string) => {
      await client.call(deleteWebhook, { params: { project, webhook } })
      show({ removed: webhook }, () => `${webhook} is removed.`)
    },
  )
  onAction(
    terminal,
    group
      .command('try')
      .argument('<name>', 'the webhook')
      .description('Sends one event at once. Ends with 1 when the receiver does not take it.'),
    async ({ client, project, show }, webhook: string) => {
      const sent = await client.call(tryWebhook, { params: { project, webhook } })
      show(sent, ({ status, error }) => (error === null ? `${webhook} answered ${status}.` : `${webhook}: ${error}`))
      if (sent.state !== 'delivered') throw new FailedError(`${webhook} did not take the event.`)
    },
  )
  onAction(
    terminal,
    group
      .command('deliveries')
      .argument('<name>', 'the webhook')
      .addOption(new Option('--state <state>', 'which ones').choices(['waiting', 'delivered', 'dead']))
      .description('Lists deliveries, newest first.'),
    async ({ client, project, options, show }, webhook: string) => {
      const state = options['state'] as 'waiting' | 'delivered' | 'dead' | undefined
      const query = state === undefined ? {} : { state }
      show(await client.call(listWebhookDeliveries, { params: { project, webhook }, query }), ({ deliveries }) =>
        tableText(
          ['id', 'event', 'about', 'state', 'attempts', 'answer', 'made', 'next attempt'],
          deliveries.map((one) => [
            one.id,
            one.event,
            one.subject,
            one.state,
            one.attempts,
            one.error ?? one.status,
            timeText(one.createdAt),
            timeText(one.nextAt),
          ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    group
      .command('replay')
      .argument('<name>', 'the webhook')
      .argument('[deliveries...]', 'whd_…; without any all that were given up')
      .description('Tries deliveries again that were given up.'),
    async ({ client, project, show }, webhook: string, deliveries: string[]) => {
      const body = deliveries.length === 0 ? {} : { deliveries }
      show(
        await client.call(replayWebhookDeliveries, { params: { project, webhook }, body }),
        ({ replayed }) => `${replayed} ${replayed === 1 ? 'delivery is' : 'deliveries are'} tried again.`,
      )
    },
  )
}
