import { acknowledgeAlert, getAlert, listAlerts, rateAlert, resolveAlert } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Operations } from './operations.ts'

export function operationRoutes(app: Http, operations: Operations): void {
  mount(app, listAlerts, 200, ({ scope, query }) => {
    const { page_token: before, state = 'all', limit = 100, ...filter } = query
    return operations.list(scope, { ...filter, state, limit, ...(before === undefined ? {} : { before }) })
  })
  mount(app, getAlert, 200, ({ scope, params }) => operations.get(scope, params.alert))
  mount(app, acknowledgeAlert, 200, ({ scope, params, body }) =>
    operations.acknowledge(scope, params.alert, body.note ?? ''),
  )
  mount(app, resolveAlert, 200, ({ scope, params, body }) => operations.resolve(scope, params.alert, body.reason))
  mount(app, rateAlert, 200, ({ scope, params, body }) => operations.rate(scope, params.alert, body.answer))
}
