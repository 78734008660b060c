import {
  checkFeatureParity,
  defineFeatureView,
  getFeatureView,
  listFeatureViews,
  lookupFeatures,
  pushFeatureFile,
  pushFeatureRows,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import { permits } from '../../kernel/principal/index.ts'
import type { Features } from './features.ts'

export function featureRoutes(app: Http, features: Features): void {
  mount(app, listFeatureViews, 200, async ({ scope }) => ({ views: await features.list(scope) }))
  mount(app, getFeatureView, 200, ({ scope, params }) => features.get(scope, params.view))
  mount(app, defineFeatureView, 200, ({ scope, params, body }) => features.define(scope, params.view, body))
  mount(app, pushFeatureRows, 200, async ({ scope, params, body }) => ({
    added: await features.push(scope, params.view, body.rows),
  }))
  mount(app, pushFeatureFile, 200, async ({ scope, params, body }) => ({
    added: await features.pushFile(scope, params.view, body),
  }))
  mount(app, lookupFeatures, 200, ({ scope, params, body }) =>
    features.lookup(scope, params.view, body.keys, body.asOf),
  )
  mount(app, checkFeatureParity, 200, async ({ scope, params, body }) => {
    const found = await features.parity(scope, params.view, body.sample ?? 500)
    return permits(scope, 'data:read-rows') ? found : { ...found, differences: [] }
  })
}
