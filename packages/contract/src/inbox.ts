import { Type, type Static } from 'typebox'
import { PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { EventRef } from './events.ts'
import { PermissionName } from './permission-schema.ts'
import { route } from './route.ts'

/** One way to decide, with what it does. */
export const InboxOption = Type.Object({
  id: Type.String(),
  label: Type.String(),
  consequence: Type.String(),
  needsReason: Type.Optional(Type.Boolean()),
})
export type InboxOption = Static<typeof InboxOption>

export const InboxDecision = Type.Object({
  option: Type.String(),
  reason: Type.String(),
  by: Type.String(),
  byName: Type.String(),
  at: Type.Integer(),
})

/** One human step: an approval, a review, a label task, triage or an acknowledgement. */
export const InboxItem = Type.Object({
  id: Type.String(),
  urn: Type.String(),
  kind: Type.String({ description: 'approval, review, judgement, consent, triage, acknowledgement, …' }),
  title: Type.String(),
  /** One sentence: may I decide, and on what grounds? */
  summary: Type.String(),
  subject: Type.String(),
  refs: Type.Array(EventRef),
  evidence: Type.Unknown(),
  options: Type.Array(InboxOption),
  permission: PermissionName,
  state: Type.Union([Type.Literal('open'), Type.Literal('decided'), Type.Literal('withdrawn')]),
  /** Whether the caller may decide, and if not, why. */
  mayDecide: Type.Boolean(),
  mayNotBecause: Type.Union([Type.String(), Type.Null()]),
  openedAt: Type.Integer(),
  openedBy: Type.String(),
  openedByName: Type.String(),
  /** Event time at which it was opened. */
  eventTime: Type.Integer(),
  dueAt: Type.Union([Type.Integer(), Type.Null()]),
  /** Who shall decide; null: whoever holds the permission. */
  assignee: Type.Union([Type.Object({ id: Type.String(), name: Type.String() }), Type.Null()]),
  /** At the deadline: `wait` marks it overdue and leaves it open, `withdraw` closes it, and the step that waits says no. */
  whenLate: Type.Union([Type.Literal('wait'), Type.Literal('withdraw')]),
  overdueAt: Type.Union([Type.Integer(), Type.Null()]),
  decision: Type.Union([InboxDecision, Type.Null()]),
})
export type InboxItem = Static<typeof InboxItem>

export const listInbox = route({
  method: 'GET',
  url: '/api/v1/projects/:project/inbox',
  permission: 'inbox:read',
  schema: {
    operationId: 'listInbox',
    summary: "Lists human steps of a project: the ones that wait for the caller, the team's, or the decided ones.",
    params: ProjectParams,
    query: Type.Object({
      ...PageQuery,
      view: Type.Optional(
        Type.Union([Type.Literal('mine'), Type.Literal('team'), Type.Literal('done')], { default: 'mine' }),
      ),
    }),
    response: {
      200: Type.Object({ items: Type.Array(InboxItem), mine: Type.Integer(), team: Type.Integer() }),
      403: Problem,
      404: Problem,
    },
  },
})

const ItemParams = Type.Object({ project: ProjectName, item: Type.String({ maxLength: 100 }) })

export const getInboxItem = route({
  method: 'GET',
  url: '/api/v1/projects/:project/inbox/:item',
  permission: 'inbox:read',
  schema: {
    operationId: 'getInboxItem',
    summary: 'Reads one human step with its evidence.',
    params: ItemParams,
    response: { 200: InboxItem, 403: Problem, 404: Problem },
  },
})

export const assignInboxItem = route({
  method: 'POST',
  url: '/api/v1/projects/:project/inbox/:item/assignee',
  permission: 'inbox:read',
  schema: {
    operationId: 'assignInboxItem',
    summary:
      'Gives an open human step to somebody who may decide it, or with null to all who may. Needs the permission that the item names, or project:admin.',
    params: ItemParams,
    body: Type.Object(
      { assignee: Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()]) },
      { additionalProperties: false },
    ),
    response: { 200: InboxItem, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const decideInboxItem = route({
  method: 'POST',
  url: '/api/v1/projects/:project/inbox/:item/decision',
  permission: 'inbox:read',
  schema: {
    operationId: 'decideInboxItem',
    summary: 'Decides a human step. Needs the permission that the item names; nobody decides about his own work.',
    params: ItemParams,
    body: Type.Object(
      { option: Type.String({ maxLength: 100 }), reason: Type.Optional(Type.String({ maxLength: 4000 })) },
      { additionalProperties: false },
    ),
    response: { 200: InboxItem, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})
