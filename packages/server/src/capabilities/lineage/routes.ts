import { getLineage, searchEntities } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Lineage } from './lineage.ts'

export function lineageRoutes(app: Http, lineage: Lineage): void {
  mount(app, getLineage, 200, ({ scope, query }) =>
    lineage.walk(scope, {
      urn: query.urn,
      back: query.back ?? 12,
      forward: query.forward ?? 3,
      limit: query.limit ?? 200,
    }),
  )
  mount(app, searchEntities, 200, async ({ principal, query }) => ({
    hits: await lineage.search(principal, {
      q: query.q,
      limit: query.limit ?? 20,
      ...(query.project === undefined ? {} : { project: query.project }),
    }),
  }))
}
