import {
  getModelHandOver,
  getProductionTime,
  getReleaseCycles,
  getReleaseHandOvers,
  listModelCandidates,
} from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { ModelUse } from './model-use.ts'

export function modelUseRoutes(app: Http, use: ModelUse): void {
  mount(app, getModelHandOver, 200, ({ scope, params, query }) => use.handOver(scope, params.model, query.version))
  mount(app, listModelCandidates, 200, ({ scope, params, query }) =>
    use.candidates(scope, params.model, { limit: query.limit ?? 100, token: query.page_token }),
  )
  mount(app, getReleaseCycles, 200, ({ scope, query }) => use.cycles(scope, query.model))
  mount(app, getReleaseHandOvers, 200, ({ scope, query }) => use.handOvers(scope, query.model))
  mount(app, getProductionTime, 200, ({ scope, query }) => use.productionTime(scope, query.days ?? 90))
}
