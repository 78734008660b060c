import { allowEgress, listConnections, testConnection, withdrawEgress } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Connections } from './connections.ts'

export function connectionRoutes(app: Http, connections: Connections): void {
  mount(app, listConnections, 200, () => connections.list())
  mount(app, testConnection, 200, ({ params }) => connections.test(params.connection))
  mount(app, allowEgress, 201, ({ principal, body }) => connections.allow(principal, body))
  mount(app, withdrawEgress, 204, async ({ principal, params, body }) => {
    await connections.withdraw(principal, params.allowance, body.reason)
    return null
  })
}
