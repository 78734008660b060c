import { type Static, Type } from 'typebox'
import { PageQuery, Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** `alert.opened`, all of a noun (`alert.*`) or everything (`*`). */
export const EventPattern = Type.String({
  pattern: '^(\\*|[a-z][a-z-]*\\.(\\*|[a-z][a-z-]*))$',
  maxLength: 100,
  description: 'A name of an event (alert.opened), all of a noun (alert.*) or * for everything.',
})

const WebhookName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description: 'Lower-case letters, digits and hyphens.',
})
const WebhookUrl = Type.String({
  pattern: '^https?://',
  maxLength: 2000,
  description:
    'Where events are posted. Internal addresses and http must be allowed by an administrator of the instance.',
})

/** Who is told of events of a project, by a signed request. The URL is shown to administrators of the project only: it may hold a secret. */
export const Webhook = Type.Object({
  name: Type.String(),
  url: Type.String(),
  events: Type.Array(Type.String()),
  /** Off: events of this time are not delivered later. */
  active: Type.Boolean(),
  createdAt: Type.Integer(),
  createdByName: Type.String(),
  waiting: Type.Integer({ description: 'Deliveries that are tried or tried again.' }),
  dead: Type.Integer({ description: 'Deliveries that were given up.' }),
  deliveredAt: Nullable(Type.Integer({ description: 'When the last one succeeded, milliseconds UTC.' })),
})
export type Webhook = Static<typeof Webhook>

/** One event for one receiver. */
export const WebhookDelivery = Type.Object({
  id: Type.String({
    description: 'The header webhook-id: the same in every attempt, so that a receiver can tell a repetition.',
  }),
  webhook: Type.String(),
  event: Type.String({ description: 'Name of the event.' }),
  seq: Nullable(Type.Integer({ description: 'Sequence number of the event; null for a trial.' })),
  subject: Type.String(),
  state: Type.Union([Type.Literal('waiting'), Type.Literal('delivered'), Type.Literal('dead')]),
  attempts: Type.Integer(),
  /** HTTP status of the last attempt; null when there was no answer. */
  status: Nullable(Type.Integer()),
  error: Nullable(Type.String()),
  createdAt: Type.Integer(),
  /** When it was delivered or given up. */
  endedAt: Nullable(Type.Integer()),
  nextAt: Nullable(Type.Integer({ description: 'When it is tried again.' })),
})
export type WebhookDelivery = Static<typeof WebhookDelivery>

const url = '/api/v1/projects/:project/webhooks'
const WebhookParams = Type.Object({ ...ProjectParams.properties, webhook: WebhookName })
const errors = { 403: Problem, 404: Problem }

export const listWebhooks = route({
  method: 'GET',
  url,
  permission: 'webhook:write',
  schema: {
    operationId: 'listWebhooks',
    summary: 'Lists the webhooks of a project.',
    params: ProjectParams,
    response: { 200: Type.Object({ webhooks: Type.Array(Webhook) }), ...errors },
  },
})

export const createWebhook = route({
  method: 'POST',
  url,
  permission: 'webhook:write',
  sensitive: 'secrets',
  schema: {
    operationId: 'createWebhook',
    summary: 'Makes a webhook and returns the secret that its requests are signed with; it is shown this once.',
    params: ProjectParams,
    body: Type.Object(
      {
        name: WebhookName,
        url: WebhookUrl,
        events: Type.Array(EventPattern, { minItems: 1, maxItems: 100 }),
      },
      { additionalProperties: false },
    ),
    response: {
      201: Type.Object({ webhook: Webhook, secret: Type.String({ description: 'whsec_ and base64.' }) }),
      409: Problem,
      422: Problem,
      ...errors,
    },
  },
})

export const updateWebhook = route({
  method: 'PATCH',
  url: `${url}/:webhook`,
  permission: 'webhook:write',
  schema: {
    operationId: 'updateWebhook',
    summary: 'Changes where a webhook posts, what it tells, or whether it is on.',
    params: WebhookParams,
    body: Type.Object(
      {
        url: Type.Optional(WebhookUrl),
        events: Type.Optional(Type.Array(EventPattern, { minItems: 1, maxItems: 100 })),
        active: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    response: { 200: Webhook, 422: Problem, ...errors },
  },
})

export const deleteWebhook = route({
  method: 'DELETE',
  url: `${url}/:webhook`,
  permission: 'webhook:write',
  schema: {
    operationId: 'deleteWebhook',
    summary: 'Removes a webhook with its deliveries.',
    params: WebhookParams,
    response: { 204: Type.Null(), ...errors },
  },
})

export const tryWebhook = route({
  method: 'POST',
  url: `${url}/:webhook/try`,
  permission: 'webhook:write',
  schema: {
    operationId: 'tryWebhook',
    summary: 'Sends an event "webhook.tried" at once, and says what the receiver answered.',
    params: WebhookParams,
    response: { 200: WebhookDelivery, 422: Problem, ...errors },
  },
})

export const listWebhookDeliveries = route({
  method: 'GET',
  url: `${url}/:webhook/deliveries`,
  permission: 'webhook:write',
  schema: {
    operationId: 'listWebhookDeliveries',
    summary: 'Lists deliveries, newest first.',
    params: WebhookParams,
    query: Type.Object({
      ...PageQuery,
      state: Type.Optional(Type.Union([Type.Literal('waiting'), Type.Literal('delivered'), Type.Literal('dead')])),
    }),
    response: {
      200: Type.Object({ deliveries: Type.Array(WebhookDelivery), nextPageToken: Nullable(Type.String()) }),
      ...errors,
    },
  },
})

export const replayWebhookDeliveries = route({
  method: 'POST',
  url: `${url}/:webhook/replay`,
  permission: 'webhook:write',
  schema: {
    operationId: 'replayWebhookDeliveries',
    summary: 'Tries deliveries again that were given up: those named, or all of the webhook.',
    params: WebhookParams,
    body: Type.Object(
      { deliveries: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 1000 })) },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ replayed: Type.Integer() }), ...errors },
  },
})
