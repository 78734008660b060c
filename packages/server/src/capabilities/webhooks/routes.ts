import {
  createWebhook,
  deleteWebhook,
  listWebhookDeliveries,
  listWebhooks,
  replayWebhookDeliveries,
  tryWebhook,
  updateWebhook,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Webhooks } from './webhooks.ts'

export function webhookRoutes(app: Http, webhooks: Webhooks): void {
  mount(app, listWebhooks, 200, async ({ scope }) => ({ webhooks: await webhooks.list(scope) }))
  mount(app, createWebhook, 201, ({ scope, body }) => webhooks.create(scope, body))
  mount(app, updateWebhook, 200, ({ scope, params, body }) => webhooks.update(scope, params.webhook, body))
  mount(app, deleteWebhook, 204, async ({ scope, params }) => {
    await webhooks.remove(scope, params.webhook)
    return null
  })
  mount(app, tryWebhook, 200, ({ scope, params }) => webhooks.tryOut(scope, params.webhook))
  mount(app, listWebhookDeliveries, 200, ({ scope, params, query }) => {
    const { page_token: before, limit = 100, state } = query
    return webhooks.deliveries(scope, params.webhook, {
      limit,
      ...(state === undefined ? {} : { state }),
      ...(before === undefined ? {} : { before }),
    })
  })
  mount(app, replayWebhookDeliveries, 200, async ({ scope, params, body }) => ({
    replayed: await webhooks.replay(scope, params.webhook, body.deliveries),
  }))
}
