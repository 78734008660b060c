import { type MlflowEvent, mlflowEvents, type MlflowHook, type Webhooks } from '../../capabilities/webhooks/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { pageSize, within } from './limits.ts'
import { rpc } from './rpc.ts'
import { unlessEmpty } from './shapes.ts'

const shape = (hook: MlflowHook): object => ({
  webhook_id: hook.id,
  name: hook.name,
  ...(hook.description === '' ? {} : { description: hook.description }),
  url: hook.url,
  events: hook.events,
  status: hook.active ? 'ACTIVE' : 'DISABLED',
  creation_timestamp: hook.createdAt,
  last_updated_timestamp: hook.updatedAt,
})

/** webhooks/*: told by durable deliveries in MLflow's form; they are seen and stopped in Settings → Webhooks too. */
export function webhookCalls(app: Http, webhooks: Webhooks): void {
  const id = (args: Args): string => args.required('webhook_id')

  rpc(app, 'POST', 'webhooks', 'webhook:write', async ({ args, scope }) => {
    const made = await webhooks.mlflow.create(scope, {
      name: nameOf(args),
      url: urlOf(args),
      events: eventsOf(args),
      description: args.text('description') ?? '',
      secret: within('secret', args.text('secret') ?? '', 1000),
      active: activeOf(args) ?? true,
    })
    return { webhook: shape(made) }
  })
  rpc(app, 'GET', 'webhooks', 'webhook:write', async ({ args, scope }) => {
    const after = args.text('page_token') ?? ''
    if (!/^([0-9a-f]{32})?$/.test(after)) throw mlflowErrors.INVALID('Invalid page token.')
    const { hooks, more } = await webhooks.mlflow.list(scope, { limit: pageSize(args, 100, 1000), after })
    return { ...unlessEmpty('webhooks', hooks.map(shape)), ...(more ? { next_page_token: hooks.at(-1)?.id } : {}) }
  })
  rpc(app, 'GET', 'webhooks/:webhook_id', 'webhook:write', async ({ args, scope }) => ({
    webhook: shape(await webhooks.mlflow.find(scope, id(args))),
  }))
  rpc(app, 'PATCH', 'webhooks/:webhook_id', 'webhook:write', async ({ args, scope }) => {
    const active = activeOf(args)
    const description = args.text('description')
    const secret = args.text('secret')
    const changed = await webhooks.mlflow.update(scope, id(args), {
      ...(args.raw('name') === undefined ? {} : { name: nameOf(args) }),
      ...(args.raw('url') === undefined ? {} : { url: urlOf(args) }),
      ...(args.list('events').length === 0 ? {} : { events: eventsOf(args) }),
      ...(description === undefined ? {} : { description }),
      ...(secret === undefined ? {} : { secret: within('secret', secret, 1000) }),
      ...(active === undefined ? {} : { active }),
    })
    return { webhook: shape(changed) }
  })
  rpc(app, 'DELETE', 'webhooks/:webhook_id', 'webhook:write', async ({ args, scope }) => {
    const { handle } = await webhooks.mlflow.find(scope, id(args))
    await webhooks.remove(scope, handle)
  })
  // What the receiver says stays with the deliveries: an answer that is handed on is what makes a webhook read inside a network.
  rpc(app, 'POST', 'webhooks/:webhook_id/test', 'webhook:write', async ({ args, scope }) => {
    const { handle } = await webhooks.mlflow.find(scope, id(args))
    const asked = args.object('event')
    const event = asked && { entity: asked.required('entity'), action: asked.required('action') }
    if (event) checkEvent(event)
    const { state, status } = await webhooks.tryOut(scope, handle, event)
    return {
      result: {
        success: state === 'delivered',
        ...(status === null ? { error_message: 'The receiver gave no answer.' } : { response_status: status }),
      },
    }
  })
}

function nameOf(args: Args): string {
  const name = args.required('name')
  if (!/^[a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?$/.test(name))
    throw mlflowErrors.INVALID(
      'Webhook name must start and end with a letter or digit, hold only letters, digits, underscores, hyphens and dots, and have 1 to 63 characters.',
    )
  return name
}

function urlOf(args: Args): string {
  const url = within('url', args.required('url'), 2000)
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw mlflowErrors.INVALID(`Invalid webhook URL: '${url.slice(0, 200)}'. It must be an https address.`)
  return url
}

/** The events asked for. */
function eventsOf(args: Args): MlflowEvent[] {
  const events = args
    .list('events')
    .map((event) => ({ entity: event.required('entity'), action: event.required('action') }))
  if (events.length === 0) throw mlflowErrors.MISSING('events')
  if (events.length > 50) throw mlflowErrors.INVALID('A webhook is told at most 50 kinds of events.')
  for (const event of events) checkEvent(event)
  return events
}

function checkEvent({ entity, action }: MlflowEvent): void {
  if (!(`${entity}.${action}` in mlflowEvents))
    throw mlflowErrors.INVALID(
      `Webhook events of ${`${entity}.${action}`.slice(0, 80)} are not told here. These are: ${Object.keys(mlflowEvents).join(', ')}.`,
    )
}

function activeOf(args: Args): boolean | undefined {
  const status = args.raw('status')
  if (status === undefined) return undefined
  if (status === 'ACTIVE' || status === 1) return true
  if (status === 'DISABLED' || status === 2) return false
  throw args.invalid('status', status)
}
