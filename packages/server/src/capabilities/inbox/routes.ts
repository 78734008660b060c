import { assignInboxItem, decideInboxItem, getInboxItem, listInbox } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Inbox } from './inbox.ts'

export function inboxRoutes(app: Http, inbox: Inbox): void {
  mount(app, listInbox, 200, ({ scope, query }) => inbox.list(scope, query.view ?? 'mine', query.limit ?? 100))
  mount(app, getInboxItem, 200, ({ scope, params }) => inbox.get(scope, params.item))
  mount(app, assignInboxItem, 200, ({ scope, params, body }) => inbox.assign(scope, params.item, body.assignee))
  mount(app, decideInboxItem, 200, ({ scope, params, body }) =>
    inbox.decide(scope, params.item, { option: body.option, reason: body.reason ?? '' }),
  )
}
