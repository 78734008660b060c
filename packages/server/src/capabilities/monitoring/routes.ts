import {
  defineMonitor,
  deleteMonitor,
  getDriftHistory,
  getMonitorLabelDelay,
  getFeatureDistribution,
  getMonitor,
  getMonitorWindow,
  getPerformanceSeries,
  getSliceSeries,
  getViolationSeries,
  listMonitors,
  listMonitorWindows,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Monitoring } from './monitoring.ts'

export function monitoringRoutes(app: Http, monitoring: Monitoring): void {
  mount(app, listMonitors, 200, async ({ scope, query }) => ({ monitors: await monitoring.list(scope, query) }))
  mount(app, getMonitor, 200, ({ scope, params }) => monitoring.get(scope, params.monitor))
  mount(app, defineMonitor, 200, ({ scope, params, body }) => monitoring.define(scope, params.monitor, body))
  mount(app, deleteMonitor, 204, async ({ scope, params }) => {
    await monitoring.remove(scope, params.monitor)
    return null
  })
  mount(app, listMonitorWindows, 200, async ({ scope, params, query }) => ({
    windows: await monitoring.windows(scope, params.monitor, { ...query, limit: query.limit ?? 35 }),
  }))
  mount(app, getMonitorWindow, 200, ({ scope, params }) => monitoring.window(scope, params.monitor, params.start))
  mount(app, getMonitorLabelDelay, 200, ({ scope, params }) => monitoring.labelDelay(scope, params.monitor))
  mount(app, getSliceSeries, 200, async ({ scope, params, query }) => ({
    slices: await monitoring.slices(scope, params.monitor, query),
  }))
  mount(app, getViolationSeries, 200, async ({ scope, params, query }) => ({
    features: await monitoring.violations(scope, params.monitor, query),
  }))
  mount(app, getDriftHistory, 200, async ({ scope, params, query }) => ({
    features: await monitoring.driftHistory(scope, params.monitor, query),
  }))
  mount(app, getFeatureDistribution, 200, ({ scope, params, query }) =>
    monitoring.distribution(scope, params.monitor, query),
  )
  mount(app, getPerformanceSeries, 200, ({ scope, params, query }) =>
    monitoring.performance(scope, params.monitor, query),
  )
}
