import {
  getLabelCompleteness,
  getLabelDelays,
  getPrediction,
  getPredictionTraffic,
  listPredictions,
  pushLabelFile,
  pushLabels,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Outcomes } from './outcomes.ts'

export function outcomeRoutes(app: Http, outcomes: Outcomes): void {
  mount(app, listPredictions, 200, ({ scope, params, query }) => {
    const { page_token: pageToken, as_of: asOf, limit = 100, ...filter } = query
    return outcomes.list(scope, params.deployment, {
      ...filter,
      limit,
      ...(pageToken === undefined ? {} : { pageToken }),
      ...(asOf === undefined ? {} : { asOf }),
    })
  })
  mount(app, getPrediction, 200, ({ scope, params, query }) =>
    outcomes.get(scope, params.deployment, params.prediction, query.as_of),
  )
  mount(app, pushLabels, 200, async ({ scope, params, body }) => ({
    accepted: await outcomes.pushLabels(scope, params.deployment, 'labels' in body ? body.labels : [body]),
  }))
  mount(app, pushLabelFile, 200, async ({ scope, params, query, body }) => ({
    accepted: await outcomes.pushLabelFile(scope, params.deployment, body, query.format),
  }))
  mount(app, getLabelCompleteness, 200, ({ scope, params, query }) => {
    const { as_of: asOf, ...range } = query
    return outcomes.completeness(scope, params.deployment, { ...range, ...(asOf === undefined ? {} : { asOf }) })
  })
  mount(app, getLabelDelays, 200, ({ scope, params, query }) => {
    const { as_of: asOf, ...range } = query
    return outcomes.delays(scope, params.deployment, { ...range, ...(asOf === undefined ? {} : { asOf }) })
  })
  mount(app, getPredictionTraffic, 200, ({ scope, params, query }) => {
    const { by = 'day', ...range } = query
    return outcomes.traffic(scope, params.deployment, range, by)
  })
}
