import { compareEvaluations, getEvaluation, listEvaluations } from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Evaluations } from './evaluations.ts'

export function evaluationRoutes(app: Http, evaluations: Evaluations): void {
  mount(app, listEvaluations, 200, ({ scope, query }) =>
    evaluations.list(scope, {
      limit: query.limit ?? 100,
      ...(query.page_token === undefined ? {} : { before: query.page_token }),
      ...(query.dataset === undefined ? {} : { dataset: query.dataset }),
      ...(query.model === undefined ? {} : { model: query.model }),
    }),
  )
  mount(app, getEvaluation, 200, ({ scope, params }) => evaluations.get(scope, params.evaluation))
  mount(app, compareEvaluations, 200, ({ scope, params, query }) =>
    evaluations.compare(scope, params.evaluation, query.with, {
      margin: query.margin ?? 0,
      ...(query.metric === undefined ? {} : { metric: query.metric }),
    }),
  )
}
