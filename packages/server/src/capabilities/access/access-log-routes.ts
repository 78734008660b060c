import { listAccessLog, listInstanceAccessLog } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { AccessLog } from './access-log.ts'

/** Who was refused, and who read what is sensitive. */
export function accessLogRoutes(app: Http, log: AccessLog): void {
  const { keptDays } = log
  mount(app, listAccessLog, 200, async ({ scope, query: { limit = 100, ...query } }) => ({
    entries: await log.list({ ...query, limit, project: scope.project }),
    keptDays,
  }))
  mount(app, listInstanceAccessLog, 200, async ({ query: { limit = 100, ...query } }) => ({
    entries: await log.list({ ...query, limit }),
    keptDays,
  }))
}
