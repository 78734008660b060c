import { getQuotas, listQuotas, setQuotas } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Quotas } from './quotas.ts'

export function quotaRoutes(app: Http, quotas: Quotas): void {
  mount(app, listQuotas, 200, async () => ({ projects: await quotas.list() }))
  mount(app, getQuotas, 200, ({ scope }) => quotas.get(scope.project))
  mount(app, setQuotas, 200, ({ scope, body }) => quotas.set(scope, body.limits))
}
